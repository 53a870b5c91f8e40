//! How much memory this process has taken, and how much there is.

/// The most memory that this process has held at once, in MiB; `None` where the system does not tell.
pub(super) fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    peak_in(&status)
}

/// The memory in MiB that a program can still take without driving others out; `None` where the system does not tell.
pub(super) fn free_mib() -> Option<f64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok()?;
    mib_in(&system, "MemAvailable:")
}

/// Reads `VmHWM:   123456 kB` from Linux' account of a process.
fn peak_in(status: &str) -> Option<f64> {
    mib_in(status, "VmHWM:")
}

fn mib_in(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::{free_mib, peak_in, peak_mib};

    #[test]
    fn the_peak_is_read_from_its_line_in_mib() {
        assert_eq!(peak_in("VmPeak:\t 9 kB\nVmHWM:\t  2048 kB\n"), Some(2.0));
        assert_eq!(peak_in("VmPeak:\t 9 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn some_memory_is_free() {
        assert!(free_mib().is_some_and(|mib| mib > 1.0), "{:?}", free_mib());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_taken_and_touched_counts() {
        let values = std::hint::black_box(vec![1u8; 64 << 20]);
        assert!(
            peak_mib().is_some_and(|mib| mib > 64.0),
            "{:?}, {}",
            peak_mib(),
            values.len()
        );
    }
}
