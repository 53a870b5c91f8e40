//! Errors at the edge: one line on stderr and the exit code.

use std::process::ExitCode;

use super::terminal::put_line;
use crate::progress::Cancelled;

/// The command line itself makes no sense, beyond what the parser sees.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// What a cancelled command leaves behind, in a line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Kept(pub(super) String);

/// Prints the error as one line and gives its exit code.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    if is_cancellation(error) {
        match error.downcast_ref::<Kept>() {
            Some(kept) => put_line(&kept.to_string()),
            None => put_line("cancelled; nothing was written"),
        }
        return ExitCode::from(130);
    }
    put_line(&format!("error: {}", one_line(error)));
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}

/// Whether somebody asked to stop.
pub(super) fn is_cancellation(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Cancelled>())
}

/// The message with those causes that it does not already contain.
pub(super) fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| cause.to_string().replace('\n', " ")) {
        if line.contains(&cause) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&cause);
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::{is_cancellation, one_line};
    use crate::{data::ScanError, inpaint, progress::Cancelled, train};

    #[test]
    fn a_cancellation_is_known_wherever_it_comes_from() {
        let errors = [
            anyhow::Error::new(Cancelled),
            ScanError::from(Cancelled).into(),
            train::Error::from(Cancelled).into(),
            inpaint::Error::from(Cancelled).into(),
        ];
        for error in errors {
            assert!(is_cancellation(&error), "{error:?}");
            assert!(is_cancellation(&error.context("measuring")), "with context");
        }
    }

    #[test]
    fn an_error_is_one_line_and_says_nothing_twice() {
        let error = Err::<(), _>(anyhow!("bad\nheader"))
            .context("reading a.jpg: bad header")
            .unwrap_err();
        assert_eq!(one_line(&error), "reading a.jpg: bad header");
        let error = Err::<(), _>(anyhow!("disk full"))
            .context("writing b.png")
            .unwrap_err();
        assert_eq!(one_line(&error), "writing b.png: disk full");
    }
}
