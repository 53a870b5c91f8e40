//! What a removal did: the part of `--json` and of the window's details that the fill knows.

use serde::Serialize;

use super::{Strategy, Variation, plan::Crop};
use crate::imaging::Rect;

/// What was done and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How the photo reached the network.
    pub strategy: Strategy,
    /// Which stage made texture beyond the network's scale: `patches` or `none`.
    pub stage: &'static str,
    /// Whether the network's answer is made of several looks.
    pub is_ensemble: bool,
    /// The seed that this fill was made with.
    pub seed: u64,
    /// What makes it another fill than the first of the same options.
    pub variation: Variation,
    /// Pixels that the mask marks.
    pub mask_pixels: u64,
    /// Pixels of the widened mask: those that were filled.
    pub hole_pixels: u64,
    /// By how much the mask was widened.
    pub grow_px: u32,
    /// Outer pixels of the widened mask in which fill and photo blend.
    pub feather_px: u32,
    /// Where the network ran in the end.
    pub device: String,
    /// Checksum of the weights.
    pub weights_sha256: String,
    /// Time per stage.
    pub seconds: Seconds,
    /// Every run of the network.
    pub crops: Vec<CropReport>,
}

/// Wall-clock time per stage, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Seconds {
    /// Widening the mask and choosing crops.
    pub plan: f64,
    /// Filling: the network with scaling down and up.
    pub network: f64,
    /// Texture beyond the network's scale: zero where that was off.
    pub detail: f64,
}

/// One run of the network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CropReport {
    /// What the network saw, in photo pixels.
    pub rect: Rect,
    /// So many photo pixels per side were one of the network's.
    pub scale_down: u32,
    /// Columns and rows that the network saw, without padding.
    pub network_size: (u32, u32),
    /// Pixels that it filled.
    pub hole_pixels: u64,
    /// Which part of the crop was hole.
    pub hole_fraction: f64,
}

impl CropReport {
    pub(super) fn of(crop: &Crop, scale_down: u32) -> Self {
        Self {
            rect: crop.rect,
            scale_down,
            network_size: crop.rect.size_scaled_down(scale_down),
            hole_pixels: crop.hole_pixels,
            hole_fraction: crop.hole_share(),
        }
    }
}
