//! Mask, keep-out area and removals in a file: to survive a crash, or to go on with another day.
//!
//! A [`Record`] is cheap to take and does not change when the document does, so that it can be written elsewhere. The
//! history is not kept. What a file looks like is the subject of `file`; a [`Project`] is one with the photo in it.

mod file;
mod project;

use std::sync::Arc;

use super::{
    Changed, Document, Removal, Target,
    history::{HISTORY_BYTES, History, Op},
    tile,
};
use crate::imaging::{Channels, Mask, Pixels};
use file::{Draft, File};

pub use project::Project;

/// Names the kind of file that is kept while a person works, and its layout.
const FORMAT: &str = "lacuna-journal-1";

/// A document without its photo and history.
#[derive(Debug, Clone)]
pub struct Record {
    channels: Channels,
    bit_depth: u8,
    mask: Arc<Mask>,
    keep_out: Option<Arc<Mask>>,
    removals: Vec<Removal>,
}

/// Why the bytes are no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not such a file, or cut off.
    #[error("it is damaged ({0})")]
    Damaged(#[from] safetensors::SafeTensorError),
    /// Whole, but it says what cannot be.
    #[error("it contradicts itself ({0})")]
    Contradiction(String),
}

impl Document {
    /// A photo as `record` left it. Nothing before that can be taken back. `None` if it is of a photo of another size or
    /// kind.
    pub fn resumed(original: Arc<Pixels>, record: Record) -> Option<Self> {
        let mut document = Self::new(original);
        let _all = document.restore(record)?;
        document.history = History::new(HISTORY_BYTES);
        Some(document)
    }

    /// The present state, to be kept.
    pub fn record(&self) -> Record {
        Record {
            channels: self.original.channels(),
            bit_depth: self.original.bit_depth(),
            mask: Arc::clone(&self.mask),
            keep_out: self.keep_out.clone(),
            removals: self.removals.clone(),
        }
    }

    /// Puts masks and removals of `record` in place of the present ones, as one step. On a large photo that takes long.
    ///
    /// `None`, and nothing is changed, if it is of a photo of another size or kind.
    pub fn restore(&mut self, record: Record) -> Option<Changed> {
        let is_same = record.mask.bounds() == self.bounds()
            && record.channels == self.original.channels()
            && record.bit_depth == self.original.bit_depth();
        if !is_same {
            return None;
        }
        let masks = [
            (Target::Remove, Some(record.mask)),
            (Target::KeepOut, record.keep_out),
        ];
        let masks = masks
            .into_iter()
            .filter_map(|(target, mask)| Some((target, mask?)));
        let mut ops: Vec<Op> = masks
            .map(|(target, after)| {
                let tiles = tile::differing(&self.painted(target), &after, self.bounds());
                Op::Paint(target, tiles)
            })
            .collect();
        ops.extend((0..self.removals.len()).rev().map(|index| Op::Take { index }));
        for (index, mut removal) in record.removals.into_iter().enumerate() {
            removal.id = self.next_removal;
            self.next_removal += 1;
            let removal = Box::new(removal);
            ops.push(Op::Insert { index, removal });
        }
        Some(self.perform("Restore".to_owned(), ops))
    }
}

impl Record {
    /// As a file. It takes long where much was removed.
    pub fn into_bytes(self) -> Result<Vec<u8>, RecordError> {
        Draft::of(self)?.into_bytes(FORMAT)
    }

    /// From a file, with all that it says checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        File::read(bytes, FORMAT, "it is no journal of this program")?.record()
    }
}

fn contradiction(what: impl Into<String>) -> RecordError {
    RecordError::Contradiction(what.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Project, Record, RecordError};
    use crate::{
        document::{Brush, Document, Target},
        imaging::{Channels, Patch, Pixels, Rect, Samples},
    };

    fn photo(width: u32) -> Arc<Pixels> {
        let samples = Samples::U16(vec![700; width as usize * 40 * 3]);
        Arc::new(Pixels::new(width, 40, Channels::Rgb, samples).unwrap())
    }

    fn stroke(document: &mut Document, target: Target, at: [f32; 2]) {
        let brush = Brush {
            diameter_px: 9.0,
            hardness: 0.5,
            erase: false,
        };
        document.begin_stroke_on(target, brush, at);
        document.end_stroke();
    }

    /// A document with two removals, one of them hidden, a mask and a keep-out area.
    fn worked_on() -> Document {
        let mut document = Document::new(photo(60));
        for (number, at) in [[10.0, 10.0], [40.0, 20.0]].into_iter().enumerate() {
            stroke(&mut document, Target::Remove, at);
            let rect = Rect::new(at[0] as u32 - 5, at[1] as u32 - 5, 10, 10);
            let pixels = Samples::U16(vec![20_000 + number as u16; 300]);
            let pixels = Pixels::new(10, 10, Channels::Rgb, pixels).unwrap();
            let patch = Patch::new(rect, pixels, vec![200; 100]).unwrap();
            let snapshot = document.snapshot();
            document
                .add_removal(&snapshot.basis, [patch].into(), format!("{{\"seed\":{number}}}"))
                .unwrap();
        }
        let hidden = document.removals()[0].id;
        document.set_visible(hidden, false);
        document.rename(hidden, "Bird");
        stroke(&mut document, Target::Remove, [50.0, 30.0]);
        stroke(&mut document, Target::KeepOut, [20.0, 30.0]);
        document
    }

    #[test]
    fn what_was_kept_comes_back_whole_as_one_step() {
        let before = worked_on();
        let bytes = before.record().into_bytes().unwrap();
        let mut after = Document::new(photo(60));
        after.restore(Record::from_bytes(&bytes).unwrap()).unwrap();
        assert!(after.mask() == before.mask(), "the mask");
        assert!(after.keep_out() == before.keep_out(), "the keep-out area");
        assert!(after.result() == before.result(), "the result");
        assert_eq!(after.removals().len(), 2);
        for (after, before) in after.removals().iter().zip(before.removals()) {
            assert_eq!(
                (&after.name, after.visible, &after.recipe),
                (&before.name, before.visible, &before.recipe)
            );
        }
        let second = after.removals()[1].id;
        let [again, was] = [&after, &before].map(|document| document.snapshot_of(second).unwrap());
        assert!(again.basis.mask == was.basis.mask, "it can be made again");
        assert_eq!(after.steps().count(), 1);
        after.undo();
        assert!(
            after.result() == after.original(),
            "undo gives the photo as it was"
        );
        assert!(
            !after.has_mask() && after.removals().is_empty(),
            "and nothing else"
        );
    }

    #[test]
    fn what_is_restored_takes_the_place_of_what_there_is() {
        let mut document = worked_on();
        let (record, result) = (document.record(), document.result().clone());
        let last = document.removals()[1].id;
        document.delete(last);
        document.restore(record).unwrap();
        assert_eq!(document.removals().len(), 2, "none is there twice");
        assert!(*document.result() == result);
        document.undo();
        assert_eq!(document.removals().len(), 1, "as it was before");
    }

    #[test]
    fn a_document_that_is_resumed_has_no_past() {
        let before = worked_on();
        let document = Document::resumed(photo(60), before.record()).unwrap();
        assert!(document.result() == before.result() && document.mask() == before.mask());
        assert_eq!((document.steps().len(), document.state()), (0, 0));
        assert!(
            Document::resumed(photo(61), before.record()).is_none(),
            "another photo"
        );
    }

    #[test]
    fn a_project_holds_the_photos_file_and_is_no_journal() {
        let before = worked_on();
        let project = Project {
            record: before.record(),
            photo: b"as it lay on the disk".to_vec(),
            original: Some("/photos/Lake.tif".into()),
        };
        let bytes = project.clone().into_bytes().unwrap();
        let after = Project::from_bytes(&bytes).unwrap();
        assert_eq!(
            (&after.photo, &after.original),
            (&project.photo, &project.original)
        );
        assert_eq!(Project::photo_in(&bytes).unwrap(), project.photo);
        let document = Document::resumed(photo(60), after.record).unwrap();
        assert!(document.result() == before.result(), "and the work on it");
        assert!(Record::from_bytes(&bytes).is_err(), "the kinds are told apart");
        let journal = before.record().into_bytes().unwrap();
        assert!(Project::from_bytes(&journal).is_err(), "both ways");
    }

    #[test]
    fn what_does_not_fit_the_photo_changes_nothing() {
        let record = worked_on().record();
        let mut other = Document::new(photo(61));
        assert!(other.restore(record).is_none(), "another size");
        assert_eq!(other.version(), 0);
    }

    #[test]
    fn a_damaged_file_is_told_and_never_believed() {
        let bytes = worked_on().record().into_bytes().unwrap();
        let cut = &bytes[..bytes.len() - 7];
        assert!(
            matches!(Record::from_bytes(cut), Err(RecordError::Damaged(_))),
            "cut off"
        );
        let text = String::from_utf8_lossy(&bytes);
        let at = text.find("\\\"width\\\":60").unwrap();
        let mut wrong = bytes.clone();
        wrong[at + 10] = b'1';
        assert!(
            matches!(Record::from_bytes(&wrong), Err(RecordError::Contradiction(_))),
            "a photo too small for its removals"
        );
    }
}
