//! Photoshop's resource blocks: where captions, credits and copyright in IPTC form live.
//!
//! JPEG (APP13) and TIFF (tag 34377) hold the same bytes: a row of `8BIM` resources. They may contain thumbnails,
//! which still show what was removed, and copies of metadata that is carried elsewhere; both are left out. One of the
//! resources is IPTC itself: a row of data sets, each with a record, a number and a value.

use std::ops::Range;

/// Thumbnails (two versions), the ICC profile, EXIF (two parts) and XMP.
const LEFT_OUT: [u16; 6] = [1033, 1036, 1039, 1058, 1059, 1060];
const IPTC: u16 = 0x0404;
/// By which programs notice that IPTC was changed by others.
const IPTC_DIGEST: u16 = 1061;

/// Of IPTC's application record: codes and names of places in the picture; city, district, state, country by code and
/// by name.
const PLACES: [u8; 7] = [26, 27, 90, 92, 95, 100, 101];

/// The resources that are worth carrying. `None` where the row of resources is damaged.
pub(super) fn carried_resources(resources: &[u8]) -> Option<Vec<u8>> {
    let carried = parsed(resources)?.into_iter();
    let carried = carried.filter(|resource| !LEFT_OUT.contains(&resource.id));
    Some(carried.flat_map(|resource| resource.whole).copied().collect())
}

/// The resources with IPTC, unless they hold some already or are damaged.
pub(super) fn with_iptc(mut resources: Vec<u8>, iptc: &[u8]) -> Vec<u8> {
    let needs_iptc =
        parsed(&resources).is_some_and(|resources| resources.iter().all(|resource| resource.id != IPTC));
    if needs_iptc {
        put_iptc(&mut resources, iptc);
    }
    resources
}

/// The resources without what IPTC says of places. `None` where that could not be told from the rest.
pub(super) fn without_location(resources: &[u8]) -> Option<Vec<u8>> {
    let parsed = parsed(resources)?;
    let mut kept = Vec::with_capacity(resources.len());
    let mut is_changed = false;
    for resource in &parsed {
        if resource.id == IPTC {
            let iptc = without_places(resource.data)?;
            is_changed |= iptc.len() < resource.data.len();
            put_iptc(&mut kept, &iptc);
        } else {
            kept.extend_from_slice(resource.whole);
        }
    }
    if !is_changed {
        return Some(resources.to_vec());
    }
    let without_digest = self::parsed(&kept)?.into_iter();
    let without_digest = without_digest.filter(|resource| resource.id != IPTC_DIGEST);
    Some(
        without_digest
            .flat_map(|resource| resource.whole)
            .copied()
            .collect(),
    )
}

struct Resource<'a> {
    id: u16,
    data: &'a [u8],
    /// Signature, id, name, size and data, the last two padded to even.
    whole: &'a [u8],
}

/// `None` where the row of resources is damaged.
fn parsed(mut resources: &[u8]) -> Option<Vec<Resource<'_>>> {
    let mut found = Vec::new();
    // Zeros behind the last resource are common.
    while resources.iter().any(|&byte| byte != 0) {
        let (id, data, length) = header(resources)?;
        let (whole, behind) = resources.split_at_checked(length)?;
        let data = whole.get(data)?;
        found.push(Resource { id, data, whole });
        resources = behind;
    }
    Some(found)
}

/// Id of the first resource, where its data are, and its length in bytes.
fn header(bytes: &[u8]) -> Option<(u16, Range<usize>, usize)> {
    if !bytes.starts_with(b"8BIM") {
        return None;
    }
    let id = u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?);
    let name = (1 + usize::from(*bytes.get(6)?)).next_multiple_of(2);
    let size = u32::from_be_bytes(bytes.get(6 + name..10 + name)?.try_into().ok()?) as usize;
    let start = 10 + name;
    let end = start + size;
    // The very last padding byte is sometimes missing.
    Some((id, start..end, end.next_multiple_of(2).min(bytes.len().max(end))))
}

fn put_iptc(resources: &mut Vec<u8>, iptc: &[u8]) {
    const NO_NAME: [u8; 2] = [0; 2];
    let Ok(size) = u32::try_from(iptc.len()) else {
        return;
    };
    // Zeros behind the last resource would end the row.
    resources.truncate(parsed(resources).map_or(0, |parsed| {
        parsed.iter().map(|resource| resource.whole.len()).sum()
    }));
    resources.extend_from_slice(b"8BIM");
    resources.extend_from_slice(&IPTC.to_be_bytes());
    resources.extend_from_slice(&NO_NAME);
    resources.extend_from_slice(&size.to_be_bytes());
    resources.extend_from_slice(iptc);
    resources.resize(resources.len().next_multiple_of(2), 0);
}

/// IPTC without the data sets that name places. `None` where it is damaged.
fn without_places(iptc: &[u8]) -> Option<Vec<u8>> {
    const APPLICATION: u8 = 2;
    let mut kept = Vec::with_capacity(iptc.len());
    let mut rest = iptc;
    while rest.iter().any(|&byte| byte != 0) {
        let (set, behind) = rest.split_at_checked(data_set_bytes(rest)?)?;
        if set[1] != APPLICATION || !PLACES.contains(&set[2]) {
            kept.extend_from_slice(set);
        }
        rest = behind;
    }
    Some(kept)
}

/// Length in bytes of the first data set: marker, record, number, length of the value, value.
fn data_set_bytes(bytes: &[u8]) -> Option<usize> {
    /// From here on the length is the number of bytes of the length itself.
    const LONG: usize = 0x8000;
    let &[0x1C, _, _, high, low, ref rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < LONG {
        return Some(5 + length);
    }
    let count = length - LONG;
    let bytes = rest.get(..count).filter(|_| count <= 4)?;
    let length = bytes
        .iter()
        .fold(0, |length, &byte| length << 8 | usize::from(byte));
    Some(5 + count + length)
}

#[cfg(test)]
mod tests {
    use super::{carried_resources, with_iptc, without_location};

    const CAPTION: &[u8] = b"8BIM\x04\x04\0\0\0\0\0\x03cap\0";

    #[test]
    fn captions_stay_and_thumbnails_go() {
        let thumbnail = b"8BIM\x04\x0C\0\0\0\0\0\x02tn";
        let both = [&thumbnail[..], CAPTION].concat();
        assert_eq!(carried_resources(&both).unwrap(), CAPTION);
        assert!(
            carried_resources(&both[..20]).is_none(),
            "the second resource is cut"
        );
    }

    #[test]
    fn iptc_joins_resources_that_have_none() {
        let other = b"8BIM\x03\xED\0\0\0\0\0\x02ab";
        assert_eq!(with_iptc(Vec::new(), b"cap"), CAPTION);
        let padded = [&other[..], &[0; 6]].concat();
        assert_eq!(with_iptc(padded, b"cap"), [&other[..], CAPTION].concat());
        assert_eq!(
            with_iptc(CAPTION.to_vec(), b"new"),
            CAPTION,
            "Photoshop's own is nearer"
        );
    }

    #[test]
    fn places_go_with_the_digest_and_the_rest_stays() {
        let resource = |id: &[u8; 2], data: &[u8]| {
            let length = (data.len() as u32).to_be_bytes();
            let padding = &[0][..data.len() % 2];
            [b"8BIM", &id[..], &[0, 0], &length, data, padding].concat()
        };
        let caption = b"\x1C\x02\x78\0\x05hello";
        let credit = b"\x1C\x02\x6E\x80\x04\0\0\0\x03Ann";
        let (city, country) = (b"\x1C\x02\x5A\0\x06Berlin", b"\x1C\x02\x65\x80\x02\0\x07Germany");
        let all = [&caption[..], city, credit, country].concat();
        let (digest, guides) = (resource(b"\x04\x25", &[7; 16]), resource(b"\x04\x08", b"guides"));
        let resources = [resource(b"\x04\x04", &all), digest.clone(), guides.clone()].concat();
        let kept = resource(b"\x04\x04", &[&caption[..], credit].concat());
        let without = without_location(&resources).unwrap();
        assert_eq!(without, [&kept[..], &guides].concat());
        let placeless = [kept, digest, guides].concat();
        assert_eq!(
            without_location(&placeless).unwrap(),
            placeless,
            "nothing to take out"
        );
        assert!(
            without_location(&resource(b"\x04\x04", b"\x1C\x02\x5A\0\x06Ber")).is_none(),
            "a city that is cut off"
        );
    }
}
