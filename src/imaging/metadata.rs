//! What a photo's file holds beside the pixels, and what of it an export takes along.

use serde::{Deserialize, Serialize};

use super::{Orientation, Resolution, exif, photoshop, xmp};

/// ICC profile, EXIF, XMP and IPTC, as bytes, and what formats state in ways of their own.
///
/// They are carried as they are, but for what would be wrong after the edit: the orientation is 1 (the pixels are
/// upright), and on export the embedded pictures go: thumbnails, and previews in the camera maker's notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The ICC profile: what the samples mean as colours.
    pub icc: Option<Vec<u8>>,
    /// The EXIF block, structured like a TIFF file, without the `Exif\0\0` that JPEG puts before it.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// Photoshop's resource blocks, which hold IPTC captions and credits. Only JPEG and TIFF hold them.
    pub iptc: Option<Vec<u8>>,
    /// PNG's chunks that say what the samples mean as colours (cICP, gAMA and the like), by name. Only PNG holds them.
    pub png_colors: Vec<([u8; 4], Vec<u8>)>,
    /// How large to print, where the file states it outside EXIF. WebP does not hold it.
    pub resolution: Option<Resolution>,
    /// Whether the colours are multiplied by alpha, as TIFF may have them. Only TIFF can say so.
    pub has_associated_alpha: bool,
    /// What a person should know about the reading: what the file held that could not be carried.
    pub notices: Vec<String>,
}

/// What of the metadata an export takes along. The ICC profile always goes along, and PNG's own words for it: without
/// them colours change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MetadataPolicy {
    /// Everything but embedded pictures.
    #[default]
    Keep,
    /// Everything but embedded pictures and the location: the GPS position and the names of places.
    NoLocation,
    /// Nothing but the colour profile.
    Strip,
}

impl MetadataPolicy {
    /// Every policy, in the order in which a person is offered them.
    pub const ALL: [Self; 3] = [Self::Keep, Self::NoLocation, Self::Strip];

    /// What a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Keep => "Keep all",
            Self::NoLocation => "Keep all but the location",
            Self::Strip => "Remove",
        }
    }
}

impl Metadata {
    /// Takes in what a reader found: checks it, resets the orientation and says what was left out.
    ///
    /// Returns the orientation that EXIF stated.
    pub(super) fn from_file(
        icc: Option<Vec<u8>>,
        exif: Option<Vec<u8>>,
        xmp: Option<Vec<u8>>,
        iptc: Option<Vec<u8>>,
    ) -> (Self, Orientation) {
        let mut metadata = Self {
            icc: icc.filter(|icc| !icc.is_empty()),
            ..Self::default()
        };
        let orientation = metadata.take_exif(exif);
        metadata.xmp = xmp.filter(|xmp| !xmp.is_empty()).map(|mut xmp| {
            xmp::reset_orientation(&mut xmp);
            xmp::without_extension(xmp)
        });
        if let Some(resources) = iptc.filter(|resources| !resources.is_empty()) {
            match photoshop::carried_resources(&resources) {
                Some(carried) => metadata.iptc = Some(carried).filter(|carried| !carried.is_empty()),
                None => metadata
                    .notices
                    .push("the photo's IPTC data is damaged and is left out".to_owned()),
            }
        }
        (metadata, orientation)
    }

    fn take_exif(&mut self, exif: Option<Vec<u8>>) -> Orientation {
        let Some(bytes) = exif.filter(|bytes| !bytes.is_empty()) else {
            return Orientation::UPRIGHT;
        };
        // Some programs put the JPEG prefix into other formats as well.
        let mut bytes = bytes
            .strip_prefix(b"Exif\0\0")
            .map(<[u8]>::to_vec)
            .unwrap_or(bytes);
        if !exif::is_readable(&bytes) {
            self.notices
                .push("the photo's EXIF data is damaged and is left out".to_owned());
            return Orientation::UPRIGHT;
        }
        let orientation = exif::orientation(&bytes).unwrap_or(Orientation::UPRIGHT);
        exif::reset_orientation(&mut bytes);
        self.exif = Some(bytes);
        orientation
    }

    /// What an export of `width` × `height` pixels takes along, and what to tell about it.
    pub fn for_export(&self, policy: MetadataPolicy, width: u32, height: u32) -> (Self, Vec<String>) {
        let mut notices = Vec::new();
        let colors = Self {
            icc: self.icc.clone(),
            png_colors: self.png_colors.clone(),
            has_associated_alpha: self.has_associated_alpha,
            ..Self::default()
        };
        if policy == MetadataPolicy::Strip {
            return (colors, notices);
        }
        let exif = self.exif.clone().map(|mut exif| {
            if policy == MetadataPolicy::NoLocation {
                exif::remove_location(&mut exif);
            }
            exif::remove_thumbnail(&mut exif);
            exif::remove_previews(&mut exif);
            exif::set_size(&mut exif, width, height);
            exif
        });
        let exported = Self {
            exif,
            xmp: self.export_xmp(policy, &mut notices),
            iptc: self.export_iptc(policy, &mut notices),
            resolution: self.resolution,
            ..colors
        };
        (exported, notices)
    }

    /// Whether only PNG's own chunks say what the samples mean, and not that they are sRGB, for which all else is taken.
    pub(super) fn has_colors_of_png_alone(&self) -> bool {
        const SRGB: [u8; 2] = [1, 13];
        let chunk = |name: &[u8; 4]| self.png_colors.iter().find(|(found, _)| found == name);
        match chunk(b"cICP") {
            _ if self.icc.is_some() => false,
            Some((_, code_points)) => !code_points.starts_with(&SRGB),
            None => chunk(b"sRGB").is_none() && (chunk(b"gAMA").is_some() || chunk(b"cHRM").is_some()),
        }
    }

    /// For a picture of another size than the file's: XMP states none any more. (An export states it in EXIF.)
    #[must_use]
    pub fn for_another_size(&self) -> Self {
        Self {
            xmp: self.xmp.as_deref().map(xmp::without_size),
            ..self.clone()
        }
    }

    fn export_xmp(&self, policy: MetadataPolicy, notices: &mut Vec<String>) -> Option<Vec<u8>> {
        let packet = self.xmp.as_ref()?;
        let Some(packet) = xmp::without_pictures(packet) else {
            notices.push("XMP is left out: a picture in it could not be removed".to_owned());
            return None;
        };
        if policy != MetadataPolicy::NoLocation {
            return Some(packet);
        }
        let packet = xmp::without_location(&packet);
        if packet.is_none() {
            notices.push("XMP is left out: the location in it could not be removed".to_owned());
        }
        packet
    }

    fn export_iptc(&self, policy: MetadataPolicy, notices: &mut Vec<String>) -> Option<Vec<u8>> {
        let resources = self.iptc.as_ref()?;
        if policy != MetadataPolicy::NoLocation {
            return Some(resources.clone());
        }
        let resources = photoshop::without_location(resources);
        if resources.is_none() {
            notices.push("IPTC is left out: the location in it could not be removed".to_owned());
        }
        resources
    }
}
