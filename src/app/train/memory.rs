//! How much memory the program takes, where the system tells.

/// Memory of this process in MiB. `None` where that is not to be had cheaply.
#[cfg(target_os = "linux")]
pub(super) fn resident_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Memory of this process in MiB. `None` where that is not to be had cheaply.
#[cfg(not(target_os = "linux"))]
pub(super) const fn resident_mib() -> Option<f64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_test_takes_some_memory() {
        let mib = super::resident_mib().unwrap();
        assert!((1.0..1e6).contains(&mib), "{mib}");
    }
}
