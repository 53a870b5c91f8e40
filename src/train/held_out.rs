//! Photos that are never trained on: measured with fixed holes, always the same, and shown as samples.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    BucketScore, Comparison, Error, Sample, Score,
    run::compute_error,
    trainer::{Batch, Trainer},
};
use crate::{
    data::{
        self, PhotoFile,
        holes::{self, Border, Bucket, Spec},
    },
    nn::{
        self, Network, UNet,
        metrics::{self, Seen},
        vgg::Features,
    },
};

/// Photos that are shown.
const SAMPLES: usize = 4;
/// Grey of a hole in a sample.
const HOLE_GREY: u8 = 128;

/// The held-out photos as squares.
#[derive(Debug)]
pub(super) struct HeldOut {
    photos: Vec<Square>,
    side: u32,
    seed: u64,
}

#[derive(Debug)]
struct Square {
    /// Interleaved, 0 to 1.
    rgb: Vec<f32>,
    /// 1 = valid.
    valid: Vec<u8>,
}

/// What was measured on all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Mean total loss.
    pub loss: f64,
    /// Mean PSNR of the composites.
    pub psnr: f64,
}

impl HeldOut {
    /// Reads the photos; those that cannot be read are told to `notice`. Photo `i` has a hole of bucket `i`, in turn.
    pub(super) fn read(photos: &[PhotoFile], side: u32, seed: u64, notice: &mut dyn FnMut(String)) -> Self {
        let mut squares = Vec::new();
        for photo in photos {
            match data::center(&photo.path, side) {
                Ok(rgb) => {
                    let index = squares.len();
                    let valid = hole(Bucket::ALL[index % Bucket::ALL.len()], side, seed, index);
                    squares.push(Square { rgb, valid });
                }
                Err(error) => notice(format!("{error}; it is not measured on")),
            }
        }
        Self {
            photos: squares,
            side,
            seed,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.photos.len()
    }

    /// Measures a network; nothing where there is no photo. The features are those of `trainer`.
    pub(super) fn measure(&self, trainer: &Trainer, unet: &UNet) -> Result<Option<Measured>> {
        let (mut loss, mut psnr) = (0.0, 0.0);
        for photo in &self.photos {
            let batch = to_batch(&photo.rgb, &photo.valid, self.side, trainer.device())?;
            let (terms, out) = trainer.measure(unet, &batch)?;
            loss += f64::from(trainer.total(&terms)?.to_scalar::<f32>()?);
            psnr += metrics::psnr(&photo.composite(&out)?, &photo.rgb);
        }
        let count = self.photos.len() as f64;
        Ok((!self.photos.is_empty()).then(|| Measured {
            loss: loss / count,
            psnr: psnr / count,
        }))
    }

    /// The first few as the network fills them.
    pub(super) fn samples(&self, unet: &UNet, device: &Device) -> Result<Vec<Sample>> {
        let samples = self.photos.iter().take(SAMPLES).map(|photo| {
            let batch = to_batch(&photo.rgb, &photo.valid, self.side, device)?;
            let (out, _) = unet.forward(&batch.photo, &batch.mask)?;
            let mut holed = bytes(&photo.rgb);
            for (pixel, _) in holed
                .as_chunks_mut::<3>()
                .0
                .iter_mut()
                .zip(&photo.valid)
                .filter(|(_, valid)| **valid == 0)
            {
                *pixel = [HOLE_GREY; 3];
            }
            Ok(Sample {
                photo: bytes(&photo.rgb),
                holed,
                fill: bytes(&photo.composite(&out.detach())?),
            })
        });
        samples.collect()
    }

    /// Old against new in every bucket, as a person's fills would be; nothing where there is no photo.
    ///
    /// `features`, on the CPU, judge how they look.
    pub(super) fn compare(
        &self,
        old: &Network,
        new: &Network,
        features: &Features,
    ) -> std::result::Result<Option<Comparison>, Error> {
        if self.photos.is_empty() {
            return Ok(None);
        }
        let buckets = Bucket::ALL.into_iter().map(|bucket| {
            let (above, up_to) = bucket.percent();
            Ok(BucketScore {
                above: above as f64 / 100.0,
                up_to: up_to as f64 / 100.0,
                old: self.score(old, features, bucket)?,
                new: self.score(new, features, bucket)?,
            })
        });
        Ok(Some(Comparison {
            photos: self.photos.len(),
            side: self.side,
            buckets: buckets.collect::<std::result::Result<_, Error>>()?,
        }))
    }

    fn score(
        &self,
        network: &Network,
        features: &Features,
        bucket: Bucket,
    ) -> std::result::Result<Score, Error> {
        let side = self.side as usize;
        let mut score = Score {
            l1_percent: 0.0,
            psnr: 0.0,
            perceptual: 0.0,
        };
        let distance = |picture: &[f32], reference: &[f32]| {
            let see = |picture| Seen::new(features, picture, side);
            metrics::perceptual(&see(picture)?, &see(reference)?)
        };
        for (index, photo) in self.photos.iter().enumerate() {
            let valid = hole(bucket, self.side, self.seed, index);
            let filled = network.inpaint(&photo.rgb, &valid, side, side)?;
            score.l1_percent += metrics::l1_percent(&filled.rgb, &photo.rgb);
            score.psnr += metrics::psnr(&filled.rgb, &photo.rgb);
            score.perceptual +=
                distance(&filled.rgb, &photo.rgb).map_err(|error| compute_error(&Device::Cpu, error))?;
        }
        let count = self.photos.len() as f64;
        score.l1_percent /= count;
        score.psnr /= count;
        score.perceptual /= count;
        Ok(score)
    }
}

impl Square {
    /// The photo with what the network made in its hole, interleaved, 0 to 1.
    fn composite(&self, out: &Tensor) -> Result<Vec<f32>> {
        let made = out
            .squeeze(0)?
            .permute((1, 2, 0))?
            .flatten_all()?
            .to_vec1::<f32>()?;
        let mut rgb = self.rgb.clone();
        let places = rgb.as_chunks_mut::<3>().0.iter_mut().zip(made.as_chunks::<3>().0);
        for ((to, from), _) in places.zip(&self.valid).filter(|(_, valid)| **valid == 0) {
            *to = nn::denormalise(*from);
        }
        Ok(rgb)
    }
}

/// The mask of one photo: 1 = valid.
fn hole(bucket: Bucket, side: u32, seed: u64, index: usize) -> Vec<u8> {
    let spec = Spec {
        bucket: Some(bucket),
        border: Border::Any,
    };
    let mask = holes::generate(&spec, side, side, seed.wrapping_add(index as u64));
    mask.coverage().iter().map(|&hole| u8::from(hole == 0)).collect()
}

/// Squares as the network takes them: `rgb` is `[b][side][side][3]`, 0 to 1; `valid` is `[b][side][side]`, 1 = valid.
pub(super) fn to_batch(rgb: &[f32], valid: &[u8], side: u32, device: &Device) -> Result<Batch> {
    let side = side as usize;
    let area = side * side;
    let count = valid.len() / area.max(1);
    let mut planes = vec![0f32; rgb.len()];
    let pictures = planes.par_chunks_mut(3 * area).zip(rgb.par_chunks(3 * area));
    pictures.for_each(|(planes, pixels)| {
        for (at, pixel) in pixels.as_chunks::<3>().0.iter().enumerate() {
            for (channel, value) in nn::normalise(*pixel).into_iter().enumerate() {
                planes[channel * area + at] = value;
            }
        }
    });
    let mask = valid.iter().map(|&valid| f32::from(valid)).collect::<Vec<_>>();
    Ok(Batch {
        photo: Tensor::from_vec(planes, (count, 3, side, side), device)?,
        mask: Tensor::from_vec(mask, (count, 1, side, side), device)?,
    })
}

fn bytes(rgb: &[f32]) -> Vec<u8> {
    rgb.iter()
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}

/// All samples in one PNG: a row each of photo, photo with hole, and fill.
pub(super) fn montage(samples: &[Sample], side: u32) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let row_bytes = 3 * side as usize;
    let mut pixels = Vec::with_capacity(samples.len() * 3 * row_bytes * side as usize);
    for sample in samples {
        for row in 0..side as usize {
            for picture in [&sample.photo, &sample.holed, &sample.fill] {
                pixels.extend_from_slice(&picture[row * row_bytes..(row + 1) * row_bytes]);
            }
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 3 * side, samples.len() as u32 * side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}
