//! Crop by crop through the network: from the photo's samples to new colours at the photo's scale.
//!
//! A crop is seen as the network takes it, filled, mended where the network saw nothing, and scaled back; several times
//! where `ensemble` is wanted, and the answers become one. When the device runs out of memory the crop is tried at half
//! its scale, then on the CPU, and the person is told.

mod ensemble;
mod scale_up;
mod scales;
mod view;

use crate::{
    imaging::Rect,
    nn::{self, Network, NetworkError},
    progress::Progress,
};

use super::{
    Error,
    bar::{Part, Stretch},
    plan::Crop,
    push_pull,
    source::Source,
};
pub(super) use ensemble::Looks;
use ensemble::Mean;
use scales::{Answer, Joined};
use view::View;

/// Below this side half the scale shows the network too little; the CPU takes over at once.
const MIN_HALVED_SIDE: usize = 256;

/// New colours for a crop's holes: what the detail stage refines and the composite takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// Which part of the photo this is.
    pub rect: Rect,
    /// The rectangle at the photo's scale, RGB interleaved, 0 to 1 in the photo's encoding.
    ///
    /// Only holes are meant to be used; between them lies what the network saw there.
    pub rgb: Vec<f32>,
    /// So many photo pixels per side were one of the network's: more than planned where memory ran out.
    pub scale_down: u32,
}

/// The network as the fill needs it, so that a test can make it run out of memory.
pub(super) trait Filler {
    /// See [`Network::inpaint_with`].
    fn inpaint(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        height: usize,
        progress: &dyn Progress,
    ) -> Result<nn::Filled, NetworkError>;

    /// Moves to the CPU for good. `false` if it is there already.
    fn move_to_cpu(&mut self) -> Result<bool, NetworkError>;

    /// Name of the device, as a person reads it.
    fn device_name(&self) -> String;
}

/// A network that can move to the CPU when its device has too little memory.
pub(super) struct NetworkFiller<'a> {
    chosen: &'a Network,
    on_cpu: Option<Network>,
}

impl<'a> NetworkFiller<'a> {
    pub(super) const fn new(chosen: &'a Network) -> Self {
        Self { chosen, on_cpu: None }
    }

    fn current(&self) -> &Network {
        self.on_cpu.as_ref().unwrap_or(self.chosen)
    }
}

impl Filler for NetworkFiller<'_> {
    fn inpaint(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        height: usize,
        progress: &dyn Progress,
    ) -> Result<nn::Filled, NetworkError> {
        self.current().inpaint_with(rgb, valid, width, height, progress)
    }

    fn move_to_cpu(&mut self) -> Result<bool, NetworkError> {
        if self.current().device.is_cpu() {
            return Ok(false);
        }
        self.on_cpu = Some(self.chosen.on_cpu()?);
        Ok(true)
    }

    fn device_name(&self) -> String {
        self.current().device_name()
    }
}

/// Moves to the CPU after `error` and says so, or gives the error back where the CPU it was.
pub(super) fn go_on_with_cpu(
    filler: &mut dyn Filler,
    error: NetworkError,
    progress: &dyn Progress,
) -> Result<(), NetworkError> {
    let failed = filler.device_name();
    if !filler.move_to_cpu()? {
        return Err(error);
    }
    progress.notice(&format!("{failed} ran out of memory; going on with the CPU"));
    Ok(())
}

/// Everything that filling a crop needs, besides the crop.
pub(super) struct Stage<'a> {
    /// The network's sides are padded with holes to a multiple of this. With 1 the picture goes in exactly as it
    /// is, so it may not be scaled down either.
    pub(super) side_step: u32,
    /// How the network sees a crop.
    pub(super) looks: Looks,
    /// This crop's stretch of the bar.
    pub(super) progress: &'a Stretch<'a>,
}

impl Stage<'_> {
    /// Fills one crop of `source` and gives the part `wanted` of it.
    pub(super) fn fill(
        &self,
        crop: &Crop,
        source: &Source<'_>,
        wanted: Rect,
        filler: &mut dyn Filler,
    ) -> Result<Filled, Error> {
        let (mut scale_down, mut was_halved) = (crop.scale_down, false);
        loop {
            match self.fill_at(crop, source, wanted, scale_down, filler) {
                Ok(filled) => return Ok(filled),
                Err(NetworkError::Cancelled(cancelled)) => return Err(cancelled.into()),
                Err(error) if !error.is_out_of_memory() => return Err(error.into()),
                Err(error) => {
                    let may_halve = !was_halved && self.side_step > 1;
                    if may_halve && self.network_side(crop, scale_down) >= 2 * MIN_HALVED_SIDE {
                        self.progress.notice(&format!(
                            "{} ran out of memory; trying this part at half the scale",
                            filler.device_name()
                        ));
                        (scale_down, was_halved) = (2 * scale_down, true);
                        continue;
                    }
                    go_on_with_cpu(filler, error, self.progress)?;
                    scale_down = crop.scale_down;
                    was_halved = true;
                }
            }
        }
    }

    /// All looks at all scales from `scale_down` on, as one.
    fn fill_at(
        &self,
        crop: &Crop,
        source: &Source<'_>,
        wanted: Rect,
        scale_down: u32,
        filler: &dyn Filler,
    ) -> Result<Filled, NetworkError> {
        let finest = self.answer(crop, source, scale_down, filler)?;
        let times = self.looks.coarser_scales(self.network_side(crop, scale_down));
        let Answer {
            width, height, rgb, ..
        } = if times.is_empty() {
            finest
        } else {
            let mut joined = Joined::new(finest);
            for &times in times {
                self.progress.stage("At a smaller scale")?;
                let coarser = self.answer(crop, source, times * scale_down, filler)?;
                joined.add(&coarser, times, self.progress)?;
            }
            joined.finest
        };
        let in_crop = Rect::new(
            wanted.x - crop.rect.x,
            wanted.y - crop.rect.y,
            wanted.width,
            wanted.height,
        );
        let rgb = scale_up::scale_up(&rgb, width, height, scale_down, in_crop, self.progress)?;
        Ok(Filled {
            rect: wanted,
            rgb,
            scale_down,
        })
    }

    /// The longer side of what the network sees.
    fn network_side(&self, crop: &Crop, scale_down: u32) -> usize {
        let longer = crop.rect.width.max(crop.rect.height);
        longer.div_ceil(scale_down).next_multiple_of(self.side_step) as usize
    }

    /// The mean over all looks at one scale, mended what the network could not reach.
    fn answer(
        &self,
        crop: &Crop,
        source: &Source<'_>,
        scale_down: u32,
        filler: &dyn Filler,
    ) -> Result<Answer, NetworkError> {
        let progress = self.progress;
        let view = View::of(source, crop.rect, scale_down, self.side_step, &mut || {
            progress.check()
        })?;
        let looks = self.looks.at_each_scale();
        progress.check()?;
        let mut mean = Mean::new(view.width, view.height);
        for (index, &look) in looks.iter().enumerate() {
            let part = Part {
                whole: progress,
                index: index as u64,
                count: looks.len() as u64,
            };
            let seen = view.seen_in(look);
            part.check()?;
            let filled = filler.inpaint(&seen.rgb, &seen.valid, view.width, view.height, &part)?;
            mean.add(filled.rgb, filled.still_hole, look);
        }
        let (mut rgb, known) = mean.finish();
        progress.step(1, 1)?;
        push_pull::fill_unknown(&mut rgb, &known, view.width, view.height);
        progress.step(1, 1)?;
        // Padding must not be interpolated into the photo's border.
        let (width, height) = crop.rect.size_scaled_down(scale_down);
        let (width, height) = (width as usize, height as usize);
        let rows = view.valid.chunks_exact(view.width).take(height);
        let hole = rows.flat_map(|row| row[..width].iter().map(|&valid| valid == 0));
        Ok(Answer {
            width,
            height,
            hole: hole.collect(),
            rgb: unpadded(rgb, view.width, width, height),
        })
    }
}

fn unpadded(rgb: Vec<f32>, padded_width: usize, width: usize, height: usize) -> Vec<f32> {
    if padded_width == width {
        return rgb;
    }
    let rows = rgb.chunks_exact(padded_width * 3).take(height);
    rows.flat_map(|row| &row[..width * 3]).copied().collect()
}

#[cfg(test)]
mod tests;
