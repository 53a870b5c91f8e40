//! Where the network runs, as the shared flags ask for it, and its weights.
//!
//! With `auto` the CPU stands in for a device that cannot be used, with a notice. One that is asked for by name is not
//! replaced: who compares devices, or waits for a long run, must not get another one in silence. (Running out of its
//! memory in the middle of a fill is another matter: that is answered with smaller crops, then with the CPU.)

use std::{fs, io, path::Path};

use anyhow::{Context as _, anyhow};
use candle_core::Device;

use super::{Shared, terminal::Terminal};
use crate::{
    imaging::read,
    nn::{DeviceChoice, Network, device},
    progress::Progress as _,
};

/// How the notice of a device that is replaced ends.
const REPLACED: &str = "; going on with the CPU";

/// The network that the shared flags ask for.
pub(super) fn open_network(shared: &Shared, terminal: &Terminal) -> anyhow::Result<Network> {
    if let Some(weights) = &shared.weights {
        check_file(weights).with_context(|| format!("the weights {} cannot be used", weights.display()))?;
    }
    let choice = shared.device.unwrap_or_default();
    let mut notices = Vec::new();
    let network = Network::open(shared.weights.as_deref(), choice, &mut |text| {
        notices.push(text.to_owned());
    })?;
    insist(choice, &network.device, &notices)?;
    notices.iter().for_each(|notice| terminal.notice(notice));
    Ok(network)
}

/// The device of `choice`, for what opens no network.
pub(super) fn open_device(choice: DeviceChoice, terminal: &Terminal) -> anyhow::Result<Device> {
    let mut notices = Vec::new();
    let device = device::open(choice, &mut |text| notices.push(text.to_owned()));
    insist(choice, &device, &notices)?;
    notices.iter().for_each(|notice| terminal.notice(notice));
    Ok(device)
}

/// Refuses the CPU in place of a device that was asked for by name. The last of the notices says why it came to that.
fn insist(choice: DeviceChoice, opened: &Device, notices: &[String]) -> anyhow::Result<()> {
    let is_replaced = matches!(choice, DeviceChoice::Cuda | DeviceChoice::Metal) && opened.is_cpu();
    if !is_replaced {
        return Ok(());
    }
    let why = notices.last().map_or("the device cannot be used", String::as_str);
    let why = why.strip_suffix(REPLACED).unwrap_or(why);
    Err(anyhow!("{why}; use --device auto"))
}

/// Refuses what is no file before anything is made of it, in the words that photos have.
pub(super) fn check_file(path: &Path) -> Result<(), read::Problem> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(read::Problem::NotFound),
        Ok(file) if file.is_dir() => Err(read::Problem::IsFolder),
        // What else is wrong shows when it is read.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::insist;
    use crate::nn::DeviceChoice;

    #[test]
    fn only_a_device_that_was_asked_for_by_name_must_not_be_replaced() {
        let notices = ["CUDA cannot be used: it is busy; going on with the CPU".to_owned()];
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu] {
            assert!(insist(choice, &Device::Cpu, &notices).is_ok(), "{choice:?}");
        }
        let refused = insist(DeviceChoice::Cuda, &Device::Cpu, &notices).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "CUDA cannot be used: it is busy; use --device auto"
        );
    }
}
