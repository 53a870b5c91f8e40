//! Decoded photos, as many as fit, and the numbers of those that cannot be read.
//!
//! Training visits every photo once before it visits any again. For that order nothing is better than to keep what
//! came first and never to give it up: whatever was used least recently is the next to be needed.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::data::picture::Picture;

#[derive(Debug)]
pub(super) struct Cache {
    most_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pictures: HashMap<usize, Arc<Picture>>,
    bytes: usize,
    /// With the reasons.
    unreadable: BTreeMap<usize, String>,
}

impl Cache {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            state: Mutex::default(),
        }
    }

    /// The photo with this number: kept, or read now.
    ///
    /// One that could not be read once is not tried again; the first time, `notices` says why.
    pub(super) fn picture(
        &self,
        number: usize,
        path: &Path,
        short_side: u32,
        notices: &mut Vec<String>,
    ) -> Option<Arc<Picture>> {
        {
            let state = self.state();
            if state.unreadable.contains_key(&number) {
                return None;
            }
            if let Some(picture) = state.pictures.get(&number) {
                return Some(Arc::clone(picture));
            }
        }
        match Picture::read(path, short_side) {
            Ok(picture) => {
                let picture = Arc::new(picture);
                self.state().insert(number, Arc::clone(&picture), self.most_bytes);
                Some(picture)
            }
            Err(error) => {
                let why = format!("a photo is left out from now on: {error}");
                if self.state().unreadable.insert(number, why.clone()).is_none() {
                    notices.push(why);
                }
                None
            }
        }
    }

    /// Why the first of the photos that cannot be read cannot.
    pub(super) fn first_failure(&self) -> Option<String> {
        self.state().unreadable.values().next().cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps the picture if there is room and it is not kept already.
    fn insert(&mut self, number: usize, picture: Arc<Picture>, most_bytes: usize) {
        let bytes = picture.len();
        if self.bytes + bytes <= most_bytes && !self.pictures.contains_key(&number) {
            self.bytes += bytes;
            self.pictures.insert(number, picture);
        }
    }
}
