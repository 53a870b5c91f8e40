//! Notices: what happened and what to do, in a corner of the canvas until read or outdated.
//!
//! Plain news goes away by itself. Errors stay until they are closed.

use std::time::{Duration, Instant};

/// How long news stays.
const NEWS_LASTS: Duration = Duration::from_secs(6);
/// How long a warning stays.
const WARNING_LASTS: Duration = Duration::from_secs(15);
/// More than these would cover the photo; the oldest go.
const AT_MOST: usize = 4;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Good to know.
    News,
    /// Something is not as it was asked for.
    Warning,
    /// Something could not be done.
    Error,
}

/// One notice.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) id: u64,
    pub(super) kind: Kind,
    /// What happened, in a few words.
    pub(super) title: String,
    /// Why, and what to do. May be empty.
    pub(super) detail: String,
    since: Instant,
}

impl Notice {
    fn left(&self) -> Option<Duration> {
        let lasts = match self.kind {
            Kind::News => NEWS_LASTS,
            Kind::Warning => WARNING_LASTS,
            Kind::Error => return None,
        };
        Some(lasts.saturating_sub(self.since.elapsed()))
    }
}

/// The notices on the screen.
#[derive(Debug, Default)]
pub(super) struct Notices {
    shown: Vec<Notice>,
    next_id: u64,
}

impl Notices {
    /// Tells something. The same words again only renew the notice.
    pub(super) fn tell(&mut self, kind: Kind, title: impl Into<String>, detail: impl Into<String>) {
        let (title, detail) = (title.into(), sentence(detail.into()));
        match kind {
            Kind::News => tracing::info!("{title} {detail}"),
            Kind::Warning | Kind::Error => tracing::warn!("{title}: {detail}"),
        }
        self.shown
            .retain(|notice| notice.title != title || notice.detail != detail);
        self.next_id += 1;
        self.shown.push(Notice {
            id: self.next_id,
            kind,
            title,
            detail,
            since: Instant::now(),
        });
        if self.shown.len() > AT_MOST {
            self.shown.remove(0);
        }
    }

    pub(super) fn news(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.tell(Kind::News, title, detail);
    }

    pub(super) fn warning(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.tell(Kind::Warning, title, detail);
    }

    pub(super) fn error(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.tell(Kind::Error, title, detail);
    }

    pub(super) fn dismiss(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
    }

    /// Takes away what was told under this title: it is put right.
    pub(super) fn settle(&mut self, title: &str) {
        self.shown.retain(|notice| notice.title != title);
    }

    /// Takes everything away.
    pub(super) fn clear(&mut self) {
        self.shown.clear();
    }

    /// Drops what is outdated. Returns when to look again.
    pub(super) fn age(&mut self) -> Option<Duration> {
        self.shown
            .retain(|notice| notice.left().is_none_or(|left| !left.is_zero()));
        self.shown.iter().filter_map(Notice::left).min()
    }

    pub(super) fn shown(&self) -> &[Notice] {
        &self.shown
    }
}

/// Errors come in lower case, to be joined with others; on the screen they begin like a sentence.
pub(super) fn sentence(text: String) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::Notices;

    #[test]
    fn the_same_error_twice_is_shown_once() {
        let mut notices = Notices::default();
        notices.error("Could not open", "the file is empty");
        notices.error("Could not open", "the file is empty");
        assert_eq!(notices.shown().len(), 1);
        assert_eq!(notices.shown()[0].detail, "The file is empty");
    }

    #[test]
    fn what_is_put_right_goes_and_the_rest_stays() {
        let mut notices = Notices::default();
        notices.error("The export failed", "no such folder");
        notices.error("The fill failed", "");
        notices.settle("The export failed");
        let titles: Vec<_> = notices
            .shown()
            .iter()
            .map(|notice| notice.title.as_str())
            .collect();
        assert_eq!(titles, ["The fill failed"]);
    }

    #[test]
    fn notices_never_pile_up() {
        let mut notices = Notices::default();
        for number in 0..30 {
            notices.error(format!("Error {number}"), "");
        }
        assert_eq!(notices.shown().last().unwrap().title, "Error 29");
        assert!(notices.shown().len() < 6, "{}", notices.shown().len());
    }
}
