//! Small pictures for the report, and how they go into a page.

use anyhow::{Context as _, anyhow};

use crate::imaging::{Channels, Format, Metadata, Pixels, Samples, resize, write};

/// Height of a small picture.
const HEIGHT_PX: u32 = 180;

/// Pictures of one size side by side, small, as JPEG.
pub(super) fn strip(pictures: &[&Pixels]) -> anyhow::Result<Vec<u8>> {
    let first = pictures.first().context("there is nothing to show")?;
    let width = (u64::from(first.width()) * u64::from(HEIGHT_PX) / u64::from(first.height().max(1))).max(1);
    let size = (width as u32, HEIGHT_PX);
    let parts: Option<Vec<Vec<f32>>> = pictures
        .iter()
        .map(|picture| {
            let from = (picture.width(), picture.height());
            resize::rgb(&picture.rgb(picture.bounds()), from, size, resize::Filter::Area)
        })
        .collect();
    let parts = parts.context("a picture cannot be made smaller")?;
    let row_length = 3 * width as usize;
    let mut samples = Vec::with_capacity(parts.len() * row_length * HEIGHT_PX as usize);
    for row in 0..HEIGHT_PX as usize {
        for part in &parts {
            let row = &part[row * row_length..(row + 1) * row_length];
            samples.extend(row.iter().map(|value| (value * 255.0).round() as u8));
        }
    }
    let all = Pixels::new(
        size.0 * parts.len() as u32,
        HEIGHT_PX,
        Channels::Rgb,
        Samples::U8(samples),
    );
    let options = write::Options {
        quality: 85,
        ..write::Options::default()
    };
    let all = all.context("the small pictures do not fit together")?;
    write::encode(&all, &Metadata::default(), Format::Jpeg, &options)
        .map(|encoded| encoded.bytes)
        .map_err(|problem| anyhow!("encoding a small picture: {problem}"))
}

/// Text that means itself in a page.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_of_photos_cannot_break_the_page() {
        assert_eq!(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
