//! Notices: what happened and what to do, in a corner of the canvas until read or outdated.
//!
//! Plain news goes away by itself. Errors stay until they are closed. What is told of a photo goes with it.

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
    /// It stays when another photo is opened.
    is_of_the_program: bool,
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
    fn tell(&mut self, kind: Kind, title: String, detail: String, is_of_the_program: bool) {
        let detail = sentence(detail);
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
            is_of_the_program,
            since: Instant::now(),
        });
        while self.shown.len() > AT_MOST
            && let Some(index) = self.least_important()
        {
            self.shown.remove(index);
        }
    }

    /// The oldest news before the latest notice or, without any, the oldest warning; an error only where another came.
    fn least_important(&self) -> Option<usize> {
        let (latest, before) = self.shown.split_last()?;
        let oldest = |kind| before.iter().position(|notice| notice.kind == kind);
        let error = || oldest(Kind::Error).filter(|_| latest.kind == Kind::Error);
        oldest(Kind::News)
            .or_else(|| oldest(Kind::Warning))
            .or_else(error)
    }

    /// To tell what is not about the photo that is open.
    pub(super) const fn of_the_program(&mut self) -> OfTheProgram<'_> {
        OfTheProgram(self)
    }

    pub(super) fn news(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.tell(Kind::News, title.into(), detail.into(), false);
    }

    pub(super) fn warning(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.tell(Kind::Warning, title.into(), detail.into(), false);
    }

    pub(super) fn error(&mut self, title: impl Into<String>, detail: impl Into<String>) {
        self.tell(Kind::Error, title.into(), detail.into(), false);
    }

    pub(super) fn dismiss(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
    }

    /// Takes away what was told under this title: it is put right.
    pub(super) fn settle(&mut self, title: &str) {
        self.shown.retain(|notice| notice.title != title);
    }

    /// Takes away what was told of the photo.
    pub(super) fn leave_photo(&mut self) {
        self.shown.retain(|notice| notice.is_of_the_program);
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

/// Tells what stays when another photo is opened: of training, weights, settings.
pub(super) struct OfTheProgram<'a>(&'a mut Notices);

impl OfTheProgram<'_> {
    pub(super) fn news(self, title: impl Into<String>, detail: impl Into<String>) {
        self.0.tell(Kind::News, title.into(), detail.into(), true);
    }

    pub(super) fn warning(self, title: impl Into<String>, detail: impl Into<String>) {
        self.0.tell(Kind::Warning, title.into(), detail.into(), true);
    }

    pub(super) fn error(self, title: impl Into<String>, detail: impl Into<String>) {
        self.0.tell(Kind::Error, title.into(), detail.into(), true);
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

    fn titles(notices: &Notices) -> Vec<&str> {
        let shown = notices.shown().iter();
        shown.map(|notice| notice.title.as_str()).collect()
    }

    #[test]
    fn news_never_pushes_an_error_out() {
        let mut notices = Notices::default();
        notices.error("The export failed", "no such folder");
        notices.warning("Not all could be kept", "");
        for number in 0..5 {
            notices.news(format!("News {number}"), "");
        }
        let expected = ["The export failed", "Not all could be kept", "News 3", "News 4"];
        assert_eq!(titles(&notices), expected);
        notices.error("The fill failed", "");
        notices.error("Could not open", "");
        notices.error("Training ended early", "");
        let expected = [
            "The export failed",
            "The fill failed",
            "Could not open",
            "Training ended early",
        ];
        assert_eq!(titles(&notices), expected);
    }

    #[test]
    fn what_is_not_about_the_photo_stays_when_another_is_opened() {
        let mut notices = Notices::default();
        notices.error("The fill failed", "");
        notices.of_the_program().error("Training ended early", "");
        notices.leave_photo();
        assert_eq!(titles(&notices), ["Training ended early"]);
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
