//! The paper's way to enlarge: the pixels of the photo as the only valid ones, the network fills what lies between.
//!
//! Pixel (x, y) goes to (Kx + ⌊K/2⌋, Ky + ⌊K/2⌋) of the larger picture (Liu et al., on super-resolution). For an even K that is
//! half a pixel beside the middle of what it covers, and a photo whose samples were taken over there as they are would
//! be moved by as much. So these places get the values that the picture enlarged without a network has there.

use crate::{
    inpaint::{
        Error,
        fill::{Filler, go_on_with_cpu},
    },
    nn::NetworkError,
    progress::Progress,
};

use super::project::Picture;

/// What the network makes of the pixels between those that it is shown of `base`.
pub(super) fn look(
    base: &Picture,
    factor: u32,
    filler: &mut dyn Filler,
    progress: &dyn Progress,
) -> Result<Picture, Error> {
    let valid = placement(base.size, factor);
    let (width, height) = (base.size.0 as usize, base.size.1 as usize);
    let filled = loop {
        match filler.inpaint(&base.rgb, &valid, width, height, progress) {
            Ok(filled) => break filled,
            Err(NetworkError::Cancelled(cancelled)) => return Err(cancelled.into()),
            Err(error) if !error.is_out_of_memory() => return Err(error.into()),
            Err(error) => go_on_with_cpu(filler, error, progress)?,
        }
    };
    let mut rgb = filled.rgb;
    let pixels = rgb.as_chunks_mut::<3>().0.iter_mut();
    let unseen = pixels.zip(base.rgb.as_chunks::<3>().0).zip(filled.still_hole);
    for ((pixel, base), _) in unseen.filter(|(_, still_hole)| *still_hole) {
        *pixel = *base;
    }
    Ok(Picture { rgb, size: base.size })
}

/// 1 where a pixel of the photo goes, 0 elsewhere.
fn placement((width, height): (u32, u32), factor: u32) -> Vec<u8> {
    let is_place = |at: u32| at % factor == factor / 2;
    (0..height)
        .flat_map(|y| (0..width).map(move |x| u8::from(is_place(x) && is_place(y))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::placement;

    #[test]
    fn pixels_go_where_the_paper_puts_them() {
        #[rustfmt::skip]
        let expected = [
            0, 0, 0, 0, 0, 0,
            0, 1, 0, 0, 1, 0,
            0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(placement((6, 3), 3), expected);
        assert_eq!(placement((4, 2), 2), [0, 0, 0, 0, 0, 1, 0, 1]);
    }
}
