//! Photoshop's resource blocks: where captions, credits and copyright in IPTC form live.
//!
//! JPEG (APP13) and TIFF (tag 34377) hold the same bytes: a row of `8BIM` resources. They may contain thumbnails,
//! which still show what was removed, and copies of metadata that is carried elsewhere; both are left out.

/// Thumbnails (two versions), the ICC profile, EXIF (two parts) and XMP.
const LEFT_OUT: [u16; 6] = [1033, 1036, 1039, 1058, 1059, 1060];

/// The resources that are worth carrying. `None` where the row of resources is damaged.
pub(super) fn carried_resources(resources: &[u8]) -> Option<Vec<u8>> {
    let mut carried = Vec::new();
    let mut rest = resources;
    // Zeros behind the last resource are common.
    while rest.iter().any(|&byte| byte != 0) {
        let (id, length) = resource(rest)?;
        let (resource, behind) = rest.split_at_checked(length)?;
        if !LEFT_OUT.contains(&id) {
            carried.extend_from_slice(resource);
        }
        rest = behind;
    }
    Some(carried)
}

/// Id and length in bytes of the first resource: signature, id, name, size, data, the last two padded to even.
fn resource(bytes: &[u8]) -> Option<(u16, usize)> {
    if !bytes.starts_with(b"8BIM") {
        return None;
    }
    let id = u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?);
    let name = (1 + usize::from(*bytes.get(6)?)).next_multiple_of(2);
    let size = u32::from_be_bytes(bytes.get(6 + name..10 + name)?.try_into().ok()?) as usize;
    let end = 10 + name + size;
    // The very last padding byte is sometimes missing.
    Some((id, end.next_multiple_of(2).min(bytes.len().max(end))))
}

#[cfg(test)]
mod tests {
    use super::carried_resources;

    #[test]
    fn captions_stay_and_thumbnails_go() {
        let caption = b"8BIM\x04\x04\0\0\0\0\0\x03cap\0";
        let thumbnail = b"8BIM\x04\x0C\0\0\0\0\0\x02tn";
        let both = [&thumbnail[..], &caption[..]].concat();
        assert_eq!(carried_resources(&both).unwrap(), caption);
        assert!(
            carried_resources(&both[..20]).is_none(),
            "the second resource is cut"
        );
    }
}
