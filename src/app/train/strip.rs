//! The held-out samples as textures, uploaded once per refresh.

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::train::Sample;

/// One held-out photo.
pub(in crate::app) struct Picture {
    pub(in crate::app) photo: TextureHandle,
    pub(in crate::app) holed: TextureHandle,
    /// As the weights fill it that the run started from, where that was seen.
    pub(in crate::app) before: Option<TextureHandle>,
    pub(in crate::app) fill: TextureHandle,
}

/// All of them, as of one step.
pub(in crate::app) struct Strip {
    pub(in crate::app) step: u64,
    pub(in crate::app) pictures: Vec<Picture>,
}

impl Strip {
    /// Uploads fresh samples. What the strip before knew of the start of the run is kept.
    pub(in crate::app) fn new(
        ctx: &Context,
        step: u64,
        side: u32,
        samples: &[Sample],
        before: Option<Self>,
    ) -> Self {
        let mut old = before.into_iter().flat_map(|strip| strip.pictures);
        let pictures = samples.iter().filter_map(|sample| {
            let fill = upload(ctx, "fill", side, &sample.fill)?;
            let kept = old.next();
            Some(Picture {
                photo: upload(ctx, "photo", side, &sample.photo)?,
                holed: upload(ctx, "holed", side, &sample.holed)?,
                before: if step == 0 {
                    Some(fill.clone())
                } else {
                    kept.and_then(|picture| picture.before)
                },
                fill,
            })
        });
        Self {
            step,
            pictures: pictures.collect(),
        }
    }
}

/// `None` where the bytes are not `side` × `side` × RGB.
fn upload(ctx: &Context, name: &str, side: u32, rgb: &[u8]) -> Option<TextureHandle> {
    let side = side as usize;
    if rgb.len() != 3 * side * side {
        return None;
    }
    let image = ColorImage::from_rgb([side, side], rgb);
    Some(ctx.load_texture(format!("training {name}"), image, TextureOptions::LINEAR))
}

#[cfg(test)]
mod tests {
    use eframe::egui::Context;

    use super::Strip;
    use crate::train::Sample;

    fn sample(value: u8) -> Sample {
        let picture = vec![value; 3 * 4 * 4];
        Sample {
            photo: picture.clone(),
            holed: picture.clone(),
            fill: picture,
        }
    }

    #[test]
    fn the_fill_at_the_start_stays_to_compare_with() {
        let ctx = Context::default();
        let start = Strip::new(&ctx, 0, 4, &[sample(1)], None);
        let first = start.pictures[0].fill.id();
        let later = Strip::new(&ctx, 10, 4, &[sample(2)], Some(start));
        assert_eq!(
            later.pictures[0].before.as_ref().map(|texture| texture.id()),
            Some(first)
        );
        assert_ne!(later.pictures[0].fill.id(), first);
        assert_eq!(later.step, 10);
    }

    #[test]
    fn pictures_of_another_size_are_left_out() {
        let strip = Strip::new(&Context::default(), 0, 5, &[sample(1)], None);
        assert!(strip.pictures.is_empty(), "4 × 4 is not 5 × 5");
    }
}
