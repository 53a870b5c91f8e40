//! A photo to be edited, fills for it, and all that a person can see of a document.

use std::sync::Arc;

use lacuna::{
    document::{Brush, Changed, Document, Removal},
    imaging::{Channels, Mask, Patch, Pixels, Rect, Samples},
};

pub(crate) const WIDTH: u32 = 700;
pub(crate) const HEIGHT: u32 = 530;
pub(crate) const PEN: Brush = Brush {
    diameter_px: 40.0,
    hardness: 0.8,
    erase: false,
};
pub(crate) const RUBBER: Brush = Brush { erase: true, ..PEN };

pub(crate) fn photo() -> Arc<Pixels> {
    let samples = (0..WIDTH * HEIGHT * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u16);
    Arc::new(
        Pixels::new(WIDTH, HEIGHT, Channels::Rgb, Samples::U16(samples.collect()))
            .expect("three samples per pixel"),
    )
}

pub(crate) fn editor() -> Document {
    Document::new(photo())
}

/// A fill that paints `shade` where the mask is a hole.
pub(crate) fn fill_with(editor: &mut Document, shade: u16) -> Changed {
    let snapshot = editor.snapshot();
    let patch = patch_for(&snapshot.basis.mask, snapshot.basis.hole_bounds(), shade);
    editor
        .add_removal(&snapshot.basis, [patch].into(), "{}".to_owned())
        .expect("the patch fits")
}

pub(crate) fn patch_for(mask: &Mask, rect: Rect, shade: u16) -> Patch {
    let mut weights = Vec::new();
    for y in rect.y..rect.bottom() {
        weights.extend((rect.x..rect.right()).map(|x| if mask.is_hole(x, y) { 255 } else { 0 }));
    }
    let samples = Samples::U16(vec![shade; rect.area() as usize * 3]);
    let pixels =
        Pixels::new(rect.width, rect.height, Channels::Rgb, samples).expect("three samples per pixel");
    Patch::new(rect, pixels, weights).expect("one weight per pixel")
}

/// All that a person can see of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) mask: Mask,
    pub(crate) result: Pixels,
    pub(crate) removals: Vec<Removal>,
    pub(crate) state: u64,
}

pub(crate) fn seen(editor: &Document) -> Seen {
    Seen {
        mask: editor.mask().clone(),
        result: editor.result().as_ref().clone(),
        removals: editor.removals().to_vec(),
        state: editor.state(),
    }
}
