//! The file: safetensors, in which every plane of samples is a tensor of one dimension, cut to what was painted. What
//! they belong to stands in the metadata, as JSON under `document`; the kind of file and its layout under `format`.

use std::{collections::HashMap, sync::Arc};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{Record, RecordError, contradiction};
use crate::{
    document::{
        Removal,
        tile::{self, Tile},
    },
    imaging::{Channels, Mask, Patch, Pixels, Rect, Samples},
};

/// The keys in the metadata.
const KIND: &str = "format";
const DOCUMENT: &str = "document";

/// A file that is being made.
pub(super) struct Draft {
    planes: Vec<(String, Plane)>,
    metadata: HashMap<String, String>,
}

impl Draft {
    /// With all that a record holds. It takes long where much was removed.
    pub(super) fn of(record: Record) -> Result<Self, RecordError> {
        // Copies first: while the masks are shared, painting has to copy them.
        let mask = Arc::unwrap_or_clone(record.mask);
        let keep_out = record.keep_out.map(Arc::unwrap_or_clone);
        let mut planes = Vec::new();
        let mut keep = |name: &str, mask: &Mask| {
            let rect = mask.bounds_from(1);
            planes.push((name.to_owned(), Plane::bytes(tile::rows_of(mask, rect))));
            rect
        };
        let (mask_rect, keep_out_rect) = (keep("mask", &mask), keep_out.map(|area| keep("keep_out", &area)));
        let removals = record.removals.iter().enumerate();
        let header = Header {
            width: mask.width(),
            height: mask.height(),
            channels: record.channels.count(),
            bit_depth: record.bit_depth,
            mask: mask_rect,
            keep_out: keep_out_rect,
            removals: removals
                .map(|(index, removal)| entry(index, removal, &mut planes))
                .collect(),
        };
        let mut draft = Self {
            planes,
            metadata: HashMap::new(),
        };
        draft.note(DOCUMENT, &header)?;
        Ok(draft)
    }

    /// Adds a tensor of bytes.
    pub(super) fn add(&mut self, name: &str, bytes: Vec<u8>) {
        self.planes.push((name.to_owned(), Plane::bytes(bytes)));
    }

    /// Adds to the metadata.
    pub(super) fn note(&mut self, key: &str, value: &impl Serialize) -> Result<(), RecordError> {
        let text = serde_json::to_string(value).map_err(|error| contradiction(error.to_string()))?;
        self.metadata.insert(key.to_owned(), text);
        Ok(())
    }

    /// As a file of this kind.
    pub(super) fn into_bytes(mut self, kind: &str) -> Result<Vec<u8>, RecordError> {
        self.metadata.insert(KIND.to_owned(), kind.to_owned());
        let views = self.planes.iter().map(|(name, plane)| Ok((name, plane.view()?)));
        let views: Vec<_> = views.collect::<Result<_, RecordError>>()?;
        Ok(safetensors::serialize(views, Some(self.metadata))?)
    }
}

/// A file that was read.
pub(super) struct File<'a> {
    planes: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

impl<'a> File<'a> {
    /// A file of this kind; of another, `otherwise` is what is wrong with it.
    pub(super) fn read(bytes: &'a [u8], kind: &str, otherwise: &str) -> Result<Self, RecordError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let metadata = metadata.metadata().clone().unwrap_or_default();
        if metadata.get(KIND).map(String::as_str) != Some(kind) {
            return Err(contradiction(otherwise));
        }
        Ok(Self {
            planes: SafeTensors::deserialize(bytes)?,
            metadata,
        })
    }

    /// What the metadata says under this key.
    pub(super) fn noted<T: for<'json> Deserialize<'json>>(&self, key: &str) -> Result<T, RecordError> {
        let text = self.metadata.get(key).map_or("", String::as_str);
        serde_json::from_str(text).map_err(|error| contradiction(error.to_string()))
    }

    /// A tensor of bytes.
    pub(super) fn bytes(&self, name: &str) -> Result<&[u8], RecordError> {
        plane(&self.planes, name, Dtype::U8)
    }

    /// The record in it, with all that it says checked.
    pub(super) fn record(&self) -> Result<Record, RecordError> {
        let header: Header = self.noted(DOCUMENT)?;
        let channels = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba]
            .into_iter()
            .find(|channels| channels.count() == header.channels)
            .ok_or_else(|| contradiction("channels"))?;
        let reader = Reader {
            planes: &self.planes,
            bounds: Rect::new(0, 0, header.width, header.height),
            channels,
            bit_depth: header.bit_depth,
        };
        let removals = header.removals.into_iter().enumerate();
        Ok(Record {
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

/// Looks up planes and sees that they fit.
struct Reader<'a> {
    planes: &'a SafeTensors<'a>,
    bounds: Rect,
    channels: Channels,
    bit_depth: u8,
}

impl Reader<'_> {
    /// One value per pixel of `rect`, which lies in the photo.
    fn coverage(&self, name: &str, rect: Rect) -> Result<&[u8], RecordError> {
        let coverage = plane(self.planes, name, Dtype::U8)?;
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
            return Ok(Samples::U8(plane(self.planes, name, Dtype::U8)?.to_vec()));
        }
        let (pairs, _) = plane(self.planes, name, Dtype::U16)?.as_chunks::<2>();
        let samples = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        Ok(Samples::U16(samples.collect()))
    }
}

fn plane<'a>(planes: &SafeTensors<'a>, name: &str, dtype: Dtype) -> Result<&'a [u8], RecordError> {
    let plane = planes.tensor(name)?;
    if plane.dtype() != dtype {
        return Err(contradiction(name));
    }
    Ok(plane.data())
}

/// Samples as they lie in the file.
struct Plane {
    dtype: Dtype,
    bytes: Vec<u8>,
}

impl Plane {
    const fn bytes(bytes: Vec<u8>) -> Self {
        let dtype = Dtype::U8;
        Self { dtype, bytes }
    }

    fn of(samples: &Samples) -> Self {
        match samples {
            Samples::U8(samples) => Self::bytes(samples.clone()),
            Samples::U16(samples) => Self {
                dtype: Dtype::U16,
                bytes: samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            },
        }
    }

    fn view(&self) -> Result<TensorView<'_>, RecordError> {
        let samples = self.bytes.len() * 8 / self.dtype.bitsize();
        Ok(TensorView::new(self.dtype, vec![samples], &self.bytes)?)
    }
}
