//! `lacuna info`: which version this is, what it runs on and with which weights.

use serde_json::{Value, json};

use super::{Outcome, Shared, device::open_network, terminal::Terminal};
use crate::nn::{
    Network,
    device::{self, Available},
};

pub(super) fn run(shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let network = open_network(shared, terminal)?;
    let devices = device::list();
    Ok(Outcome::new(
        text(&network, &devices),
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "device": network.device_name(),
            "engine": network.engine_name(),
            "devices": devices.iter().map(device_json).collect::<Vec<_>>(),
            "weights": network.info,
        }),
    ))
}

fn device_json(device: &Available) -> Value {
    let kind = device.choice;
    match &device.state {
        Ok(name) => json!({ "kind": kind, "available": true, "name": name }),
        Err(why) => json!({ "kind": kind, "available": false, "why": why }),
    }
}

fn text(network: &Network, devices: &[Available]) -> String {
    let weights = &network.info;
    let mut lines = vec![
        format!("lacuna {}", env!("CARGO_PKG_VERSION")),
        format!(
            "weights  {}, base width {}, {} levels",
            weights.source, weights.base_width, weights.levels
        ),
        format!("sha256   {}", weights.sha256),
        format!("device   {}", network.device_name()),
        format!("engine   {}", network.engine_name()),
    ];
    lines.extend(devices.iter().map(|device| {
        let state = match &device.state {
            Ok(name) => format!("available: {name}"),
            Err(why) => format!("not available: {why}"),
        };
        format!("  {:5}  {state}", device.choice.label())
    }));
    lines.join("\n")
}
