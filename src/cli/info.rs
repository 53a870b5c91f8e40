//! `lacuna info`: which version this is, what it runs on and with which weights.

use serde_json::{Value, json};

use super::{Outcome, Shared, open_network, terminal::Terminal};
use crate::nn::{
    Info,
    device::{self, Available},
};

pub(super) fn run(shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let network = open_network(shared, terminal)?;
    let devices = device::list();
    let chosen = network.device_name();
    Ok(Outcome {
        text: text(&network.info, &chosen, &devices),
        json: json!({
            "version": env!("CARGO_PKG_VERSION"),
            "device": chosen,
            "devices": devices.iter().map(device_json).collect::<Vec<_>>(),
            "weights": network.info,
        }),
    })
}

fn device_json(device: &Available) -> Value {
    let kind = device.choice;
    match &device.state {
        Ok(name) => json!({ "kind": kind, "available": true, "name": name }),
        Err(why) => json!({ "kind": kind, "available": false, "why": why }),
    }
}

fn text(weights: &Info, chosen: &str, devices: &[Available]) -> String {
    let mut lines = vec![
        format!("lacuna {}", env!("CARGO_PKG_VERSION")),
        format!(
            "weights  {}, base width {}, {} levels",
            weights.source, weights.base_width, weights.levels
        ),
        format!("sha256   {}", weights.sha256),
        format!("device   {chosen}"),
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
