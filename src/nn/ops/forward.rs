//! A packed network used like the one of candle's tensors, to be compared with it.

use candle_core::{Device, Result, Tensor, bail};

use super::Plane;

/// What `fill` makes of one picture: `image` `[1, 3, h, w]`, `mask` `[1, 1, h, w]`, both on the CPU. `fill` takes the
/// pixels interleaved, and the valid positions.
pub(super) fn forward(
    image: &Tensor,
    mask: &Tensor,
    fill: impl FnOnce(&[f32], &Plane) -> Result<(Vec<f32>, Plane)>,
) -> Result<(Tensor, Tensor)> {
    let (_, _, height, width) = image.dims4()?;
    let valid: Vec<u8> = mask.ne(0f64)?.flatten_all()?.to_vec1()?;
    let Some(valid) = Plane::new(height, width, &valid) else {
        bail!(
            "a mask of {:?} for a picture of {:?}",
            mask.shape(),
            image.shape()
        );
    };
    let pixels: Vec<f32> = image.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?;
    let (ys, mask) = fill(&pixels, &valid)?;
    let ys = Tensor::from_vec(ys, (1, height, width, 3), &Device::Cpu)?.permute((0, 3, 1, 2))?;
    let mask = mask.values().iter().map(|&value| f32::from(value)).collect();
    Ok((ys, Tensor::from_vec(mask, (1, 1, height, width), &Device::Cpu)?))
}
