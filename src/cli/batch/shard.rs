//! A share of the work, so that several machines can do one folder.

use std::{fmt, str::FromStr};

/// The `index`th of `count` shares: every `count`th item, in an order that is the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 1.
    index: u32,
    count: u32,
}

impl Shard {
    /// Keeps what of `items` belongs to this share.
    pub(super) fn keep<T>(self, items: Vec<T>) -> Vec<T> {
        let (first, step) = (self.index as usize - 1, self.count as usize);
        items.into_iter().skip(first).step_by(step).collect()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            Some((_, 0)) | None => {
                Err("it is a share and their number, as in 1/4, 2/4, 3/4 and 4/4".to_owned())
            }
            Some((_, count)) => Err(format!("shares count from 1/{count} to {count}/{count}")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// The name of the report of this share.
    pub(super) fn report_name(self) -> String {
        format!("report-{}-of-{}.json", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    #[test]
    fn all_shares_together_are_everything_once() {
        for count in [1, 3, 4, 20] {
            let mut all: Vec<u32> = (1..=count)
                .flat_map(|index| Shard { index, count }.keep((0..10).collect()))
                .collect();
            all.sort_unstable();
            assert_eq!(all, (0..10).collect::<Vec<_>>(), "{count} shares");
        }
    }

    #[test]
    fn only_shares_that_exist_are_taken() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, count: 4 }));
        for wrong in [
            "0/4", "5/4", "0/0", "x", "1", "1/", "/4", "-1/4", "1/4/2", "1.5/4",
        ] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
