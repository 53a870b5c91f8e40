//! Numbers as a photographer reads them.

use crate::{
    app::{
        App,
        train::run::{Activity, Run},
    },
    train::Phase,
};

/// "45 s", "12 min", "3 h 20 min".
pub(super) fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5400 => format!("{} min", (seconds + 30) / 60),
        _ => {
            let minutes = (seconds + 30) / 60;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// The same, but in tenths where it is less than ten seconds: "0.8 s".
pub(super) fn duration_or_less(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        duration(seconds)
    }
}

/// "850 MB", "2.4 GB", never broken between number and unit.
pub(super) fn memory(mib: f64) -> String {
    let megabytes = mib * 1024.0 * 1024.0 / 1e6;
    if megabytes < 1000.0 {
        format!("{megabytes:.0}\u{a0}MB")
    } else {
        format!("{:.1}\u{a0}GB", megabytes / 1000.0)
    }
}

/// "0.45", "3.2", "120": two or three digits.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        0.0..0.001 if value != 0.0 => format!("{value:.1e}"),
        0.0..0.1 => format!("{value:.3}"),
        0.1..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// "24.31 dB, +0.42".
pub(super) fn decibels(psnr: f64, old: Option<f64>) -> String {
    match old {
        Some(old) => format!("{psnr:.2} dB, {:+.2}", psnr - old),
        None => format!("{psnr:.2} dB"),
    }
}

/// "2026-11-24 19:40" of "2026-11-24T19:40:12Z".
pub(super) fn moment(rfc3339: &str) -> String {
    rfc3339.chars().take(16).collect::<String>().replace('T', " ")
}

/// The stage, as the form names it.
pub(super) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::One => "Learning (stage 1)",
        Phase::Two => "Fine-tuning (stage 2)",
    }
}

/// What a run is doing, in a word or two.
pub(super) fn activity(app: &App, run: &Run) -> String {
    let job = app.tasks.training.as_ref().map(|training| training.job.status());
    match run.activity {
        Activity::Stopping => "Saving…".to_owned(),
        Activity::Ended => "Ended".to_owned(),
        Activity::Preparing => match job {
            Some(status) if !status.stage.is_empty() => format!("{}…", status.stage),
            _ => "Preparing…".to_owned(),
        },
        _ if app.is_paused() => "Paused".to_owned(),
        _ if app.tasks.fill.is_some() => "Waiting for the fill".to_owned(),
        _ => "Training".to_owned(),
    }
}

/// For the status line of either tab: what training does; `None` where none goes on.
pub(in crate::app::panels) fn status_line(app: &App) -> Option<String> {
    let run = app.training.run.as_ref().filter(|run| run.is_running())?;
    let activity = activity(app, run);
    if run.activity != Activity::Training || run.step == 0 {
        return Some(activity);
    }
    let left = run.now.as_ref().and_then(|now| now.seconds_left);
    Some(match left {
        Some(left) if !app.is_paused() => format!("{activity} · step {} · {} left", run.step, duration(left)),
        _ => format!("{activity} · step {}", run.step),
    })
}

#[cfg(test)]
mod tests {
    use super::{decibels, duration, memory, moment, short};

    #[test]
    fn numbers_are_told_in_the_unit_that_people_use() {
        assert_eq!(duration(44.6), "45 s");
        assert_eq!(duration(600.0), "10 min");
        assert_eq!(duration(12_000.0), "3 h 20 min");
        assert_eq!(memory(800.0), "839\u{a0}MB");
        assert_eq!(memory(2400.0), "2.5\u{a0}GB");
        assert_eq!(short(0.0451), "0.045");
        assert_eq!(short(12.34), "12.3");
        assert_eq!(decibels(24.312, Some(23.9)), "24.31 dB, +0.41");
        assert_eq!(moment("2026-11-24T19:40:12Z"), "2026-11-24 19:40");
    }
}
