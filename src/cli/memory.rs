//! How much memory this process has taken.

/// The most memory that this process has held at once, in MiB; `None` where the system does not tell.
pub(super) fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    peak_in(&status)
}

/// Reads `VmHWM:   123456 kB` from Linux' account of a process.
fn peak_in(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::{peak_in, peak_mib};

    #[test]
    fn the_peak_is_read_from_its_line_in_mib() {
        assert_eq!(peak_in("VmPeak:\t 9 kB\nVmHWM:\t  2048 kB\n"), Some(2.0));
        assert_eq!(peak_in("VmPeak:\t 9 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_taken_and_touched_counts() {
        let values = vec![1u8; 64 << 20];
        assert!(
            peak_mib().is_some_and(|mib| mib > 64.0),
            "{:?}, {}",
            peak_mib(),
            values.len()
        );
    }
}
