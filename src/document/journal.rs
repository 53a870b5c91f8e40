//! What survives a crash: mask, keep-out area and removals, to be kept in a file while a person works.
//!
//! A [`Record`] is cheap to take and does not change when the document does, so that it can be written elsewhere. The
//! history is not kept: what is restored is one step of it. In the file (safetensors) every plane of samples is a tensor
//! of one dimension, cut to what was painted; what they belong to stands in the metadata, as JSON under `document`.

use std::{borrow::Cow, sync::Arc};

use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::{
    Changed, Document, Removal, Target,
    history::Op,
    tile::{self, Tile},
};
use crate::imaging::{Channels, Mask, Patch, Pixels, Rect, Samples};

/// Names the file's kind and its layout.
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

    /// Puts mask and areas of `record` in place of the present ones and adds its removals, as one step. On a large photo
    /// that takes long.
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
        for (index, mut removal) in (self.removals.len()..).zip(record.removals) {
            removal.id = self.next_removal;
            self.next_removal += 1;
            let removal = Box::new(removal);
            ops.push(Op::Insert { index, removal });
        }
        Some(self.perform("Restore".to_owned(), ops))
    }
}

/// What the metadata says.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    width: u32,
    height: u32,
    channels: usize,
    bit_depth: u8,
    mask: Rect,
    keep_out: Option<Rect>,
    removals: Vec<Entry>,
}

/// A removal in the metadata.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    visible: bool,
    hole: Rect,
    recipe: String,
    mask: Rect,
    patches: Vec<Rect>,
}

impl Record {
    /// As a file. It takes long where much was removed.
    pub fn into_bytes(self) -> Result<Vec<u8>, RecordError> {
        // Copies first: while the masks are shared, painting has to copy them.
        let mask = Arc::unwrap_or_clone(self.mask);
        let keep_out = self.keep_out.map(Arc::unwrap_or_clone);
        let mut planes = Vec::new();
        let mut keep = |name: &str, mask: &Mask| {
            let rect = mask.bounds_from(1);
            planes.push((name.to_owned(), Plane::bytes(tile::rows_of(mask, rect))));
            rect
        };
        let (mask_rect, keep_out_rect) = (keep("mask", &mask), keep_out.map(|area| keep("keep_out", &area)));
        let removals = self.removals.iter().enumerate();
        let header = Header {
            width: mask.width(),
            height: mask.height(),
            channels: self.channels.count(),
            bit_depth: self.bit_depth,
            mask: mask_rect,
            keep_out: keep_out_rect,
            removals: removals
                .map(|(index, removal)| entry(index, removal, &mut planes))
                .collect(),
        };
        let header = serde_json::to_string(&header).map_err(|error| contradiction(error.to_string()))?;
        let metadata = [("format", FORMAT.to_owned()), ("document", header)];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into();
        Ok(safetensors::serialize(planes, Some(metadata))?)
    }

    /// From a file, with all that it says checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let metadata = metadata.metadata().clone().unwrap_or_default();
        if metadata.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(contradiction("it is no journal of this program"));
        }
        let header = metadata.get("document").map_or("", String::as_str);
        let header: Header =
            serde_json::from_str(header).map_err(|error| contradiction(error.to_string()))?;
        let channels = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba]
            .into_iter()
            .find(|channels| channels.count() == header.channels)
            .ok_or_else(|| contradiction("channels"))?;
        let reader = Reader {
            planes: SafeTensors::deserialize(bytes)?,
            bounds: Rect::new(0, 0, header.width, header.height),
            channels,
            bit_depth: header.bit_depth,
        };
        let removals = header.removals.into_iter().enumerate();
        Ok(Self {
            channels,
            bit_depth: header.bit_depth,
            mask: Arc::new(reader.mask("mask", header.mask)?),
            keep_out: header
                .keep_out
                .map(|rect| reader.mask("keep_out", rect).map(Arc::new))
                .transpose()?,
            removals: removals
                .map(|(index, entry)| reader.removal(index, entry))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn entry(index: usize, removal: &Removal, planes: &mut Vec<(String, Plane)>) -> Entry {
    let mask = removal.mask();
    planes.push((format!("removals.{index}.mask"), Plane::bytes(mask.unpack())));
    for (number, patch) in removal.patches().iter().enumerate() {
        let name = format!("removals.{index}.patches.{number}");
        planes.push((format!("{name}.pixels"), Plane::of(patch.pixels().samples())));
        planes.push((format!("{name}.weights"), Plane::bytes(patch.weights().to_vec())));
    }
    Entry {
        name: removal.name.clone(),
        visible: removal.visible,
        hole: removal.hole,
        recipe: removal.recipe.clone(),
        mask: mask.rect,
        patches: removal.patches().iter().map(Patch::rect).collect(),
    }
}

fn contradiction(what: impl Into<String>) -> RecordError {
    RecordError::Contradiction(what.into())
}

/// Looks up planes and sees that they fit.
struct Reader<'a> {
    planes: SafeTensors<'a>,
    bounds: Rect,
    channels: Channels,
    bit_depth: u8,
}

impl Reader<'_> {
    fn plane(&self, name: &str, dtype: Dtype) -> Result<&[u8], RecordError> {
        let plane = self.planes.tensor(name)?;
        if plane.dtype() != dtype {
            return Err(contradiction(name));
        }
        Ok(plane.data())
    }

    /// One value per pixel of `rect`, which lies in the photo.
    fn coverage(&self, name: &str, rect: Rect) -> Result<&[u8], RecordError> {
        let coverage = self.plane(name, Dtype::U8)?;
        let fits = coverage.len() as u64 == rect.area() && self.bounds.contains_rect(&rect);
        if fits {
            Ok(coverage)
        } else {
            Err(contradiction(name))
        }
    }

    fn mask(&self, name: &str, rect: Rect) -> Result<Mask, RecordError> {
        let coverage = self.coverage(name, rect)?;
        let mut mask = Mask::empty(self.bounds.width, self.bounds.height);
        if !rect.is_empty() {
            let _empty = Tile::new(rect, coverage).swap(&mut mask);
        }
        Ok(mask)
    }

    fn removal(&self, index: usize, entry: Entry) -> Result<Removal, RecordError> {
        let name = format!("removals.{index}.mask");
        let coverage = self.coverage(&name, entry.mask)?;
        if entry.mask.is_empty() || !self.bounds.contains_rect(&entry.hole) {
            return Err(contradiction(name));
        }
        let mask = Tile::new(entry.mask, coverage);
        let patches = entry.patches.iter().enumerate().map(|(number, &rect)| {
            let name = format!("removals.{index}.patches.{number}");
            let weights = self.coverage(&format!("{name}.weights"), rect)?.to_vec();
            let samples = self.samples(&format!("{name}.pixels"))?;
            Pixels::new(rect.width, rect.height, self.channels, samples)
                .and_then(|pixels| Patch::new(rect, pixels, weights))
                .ok_or_else(|| contradiction(name))
        });
        let patches = patches.collect::<Result<Vec<_>, _>>()?;
        let mut removal = Removal::new(0, entry.name, patches.into(), entry.hole, entry.recipe, mask);
        removal.visible = entry.visible;
        Ok(removal)
    }

    fn samples(&self, name: &str) -> Result<Samples, RecordError> {
        if self.bit_depth == 8 {
            return Ok(Samples::U8(self.plane(name, Dtype::U8)?.to_vec()));
        }
        let (pairs, _) = self.plane(name, Dtype::U16)?.as_chunks::<2>();
        let samples = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        Ok(Samples::U16(samples.collect()))
    }
}

/// Samples as they lie in the file.
struct Plane {
    dtype: Dtype,
    shape: [usize; 1],
    bytes: Vec<u8>,
}

impl Plane {
    const fn bytes(bytes: Vec<u8>) -> Self {
        let shape = [bytes.len()];
        Self {
            dtype: Dtype::U8,
            shape,
            bytes,
        }
    }

    fn of(samples: &Samples) -> Self {
        match samples {
            Samples::U8(samples) => Self::bytes(samples.clone()),
            Samples::U16(samples) => Self {
                dtype: Dtype::U16,
                shape: [samples.len()],
                bytes: samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            },
        }
    }
}

impl View for Plane {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Record, RecordError};
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
