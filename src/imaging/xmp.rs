//! Small edits of an XMP packet, as text.
//!
//! XMP repeats what EXIF says: the orientation, sometimes the place, sometimes a thumbnail. A stale orientation
//! would turn the photo a second time, and a thumbnail still shows what was removed. An XML parser would
//! rewrite the whole packet; these edits touch nothing else. Names are looked for with their usual prefixes.

/// Positions, and places by name. A prefix of the name stands for all names that begin so.
const LOCATION: [&[u8]; 8] = [
    b"exif:GPS",
    b"drone-dji:Gps",
    b"photoshop:City",
    b"photoshop:State",
    b"photoshop:Country",
    b"Iptc4xmpCore:Location",
    b"Iptc4xmpCore:CountryCode",
    b"Iptc4xmpExt:Location",
];

/// Thumbnails under their present and their former prefix; what phones keep beside the photo, to change its blur.
const PICTURES: [&[u8]; 4] = [
    b"xmp:Thumbnails",
    b"xap:Thumbnails",
    b"GImage:Data",
    b"GDepth:Data",
];

/// What a thumbnail's picture is called, under whatever prefix.
const THUMBNAIL_PICTURE: &[u8] = b"GImg:image";

/// States that the picture is upright, where the packet states an orientation.
pub(super) fn reset_orientation(xmp: &mut [u8]) {
    const NAME: &[u8] = b"tiff:Orientation";
    let mut from = 0;
    while let Some(at) = find(xmp, NAME, from) {
        from = at + NAME.len();
        // Between name and digit stand `="`, `='` or `>`, perhaps with blanks.
        let digit = xmp[from..]
            .iter()
            .position(|byte| !matches!(byte, b'=' | b'"' | b'\'' | b'>' | b' ' | b'\n' | b'\r' | b'\t'));
        if let Some(digit) = digit
            .map(|offset| &mut xmp[from + offset])
            .filter(|digit| digit.is_ascii_digit())
        {
            *digit = b'1';
        }
    }
}

/// Removes the GPS position and the names of places. `None` if some of it could not be taken out.
pub(super) fn without_location(xmp: &[u8]) -> Option<Vec<u8>> {
    without_all(xmp, &LOCATION)
}

/// Removes embedded pictures. `None` if some of them could not be taken out.
pub(super) fn without_pictures(xmp: &[u8]) -> Option<Vec<u8>> {
    let cleaned = without_all(xmp, &PICTURES)?;
    find(&cleaned, THUMBNAIL_PICTURE, 0).is_none().then_some(cleaned)
}

/// Removes the word that the packet goes on elsewhere, as far as it can be taken out.
pub(super) fn without_extension(xmp: Vec<u8>) -> Vec<u8> {
    without_properties(&xmp, b"xmpNote:HasExtendedXMP").unwrap_or(xmp)
}

fn without_all(xmp: &[u8], prefixes: &[&[u8]]) -> Option<Vec<u8>> {
    let cleaned = prefixes
        .iter()
        .try_fold(xmp.to_vec(), |packet, prefix| without_properties(&packet, prefix))?;
    let is_clean = prefixes.iter().all(|prefix| find(&cleaned, prefix, 0).is_none());
    is_clean.then_some(cleaned)
}

/// Removes the size of the picture, as far as it can be taken out.
pub(super) fn without_size(xmp: &[u8]) -> Vec<u8> {
    const NAMES: [&[u8]; 4] = [
        b"tiff:ImageWidth",
        b"tiff:ImageLength",
        b"exif:PixelXDimension",
        b"exif:PixelYDimension",
    ];
    NAMES.iter().fold(xmp.to_vec(), |packet, name| {
        without_properties(&packet, name).unwrap_or(packet)
    })
}

/// Removes the attributes and elements whose names start with `prefix`.
fn without_properties(xmp: &[u8], prefix: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(xmp.len());
    let mut from = 0;
    while let Some(at) = find(xmp, prefix, from) {
        let (start, end) = if at > 0 && xmp[at - 1] == b'<' {
            (at - 1, element_end(xmp, at)?)
        } else {
            (at, attribute_end(xmp, at)?)
        };
        kept.extend_from_slice(&xmp[from..start]);
        from = end;
    }
    kept.extend_from_slice(&xmp[from..]);
    Some(kept)
}

/// Behind the closing quote of the attribute whose name starts at `name`.
fn attribute_end(xmp: &[u8], name: usize) -> Option<usize> {
    let open = name
        + xmp[name..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\'' | b'<' | b'>'))?;
    let quote = xmp[open];
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let length = xmp[open + 1..].iter().position(|&byte| byte == quote)?;
    Some(open + 1 + length + 1)
}

/// Behind the end tag of the element whose name starts at `name`.
fn element_end(xmp: &[u8], name: usize) -> Option<usize> {
    let name_length = xmp[name..]
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))?;
    let tag_end = name + xmp[name..].iter().position(|&byte| byte == b'>')?;
    if xmp[tag_end - 1] == b'/' {
        return Some(tag_end + 1);
    }
    let mut closing = Vec::from(*b"</");
    closing.extend_from_slice(&xmp[name..name + name_length]);
    let close = find(xmp, &closing, tag_end)?;
    Some(close + xmp[close..].iter().position(|&byte| byte == b'>')? + 1)
}

fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    haystack
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|offset| from + offset)
}

#[cfg(test)]
mod tests {
    use super::{reset_orientation, without_extension, without_location, without_pictures, without_size};

    #[test]
    fn orientation_becomes_1_as_attribute_and_as_element() {
        let mut xmp = *br#"<a tiff:Orientation="6"/><tiff:Orientation>8</tiff:Orientation><b c="6"/>"#;
        reset_orientation(&mut xmp);
        let expected = br#"<a tiff:Orientation="1"/><tiff:Orientation>1</tiff:Orientation><b c="6"/>"#;
        assert_eq!(&xmp, expected);
    }

    #[test]
    fn the_place_goes_and_the_rest_stays() {
        let xmp = br#"<a exif:GPSLatitude="48,8N" dc:x="1"><exif:GPSAltitude>3</exif:GPSAltitude><exif:GPSx/>t</a>"#;
        assert_eq!(without_location(xmp).unwrap(), br#"<a  dc:x="1">t</a>"#);
        assert!(
            without_location(br#"<a exif:GPSLatitude=48>"#).is_none(),
            "an attribute without quotes cannot be taken out"
        );
    }

    #[test]
    fn the_size_goes_and_the_rest_stays() {
        let xmp = br#"<a tiff:ImageWidth="6" dc:x="1"><exif:PixelYDimension>3</exif:PixelYDimension>t</a>"#;
        assert_eq!(without_size(xmp), br#"<a  dc:x="1">t</a>"#);
        let odd = b"<a exif:PixelXDimension=48>";
        assert_eq!(without_size(odd), odd, "what cannot be taken out stays");
    }

    #[test]
    fn places_by_name_go_and_their_neighbours_stay() {
        let xmp = br#"<a photoshop:City="Kiel" photoshop:Credit="Ann" Iptc4xmpCore:CountryCode='DE'>"#;
        assert_eq!(without_location(xmp).unwrap(), br#"<a  photoshop:Credit="Ann" >"#);
        let xmp = b"<a><Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li Iptc4xmpExt:City=\"Kiel\"/></rdf:Bag></Iptc4xmpExt:LocationShown>\
            <photoshop:State>SH</photoshop:State><Iptc4xmpCore:Location>Port</Iptc4xmpCore:Location>\
            <Iptc4xmpExt:Event>Regatta</Iptc4xmpExt:Event><photoshop:Country/></a>";
        assert_eq!(
            without_location(xmp).unwrap(),
            b"<a><Iptc4xmpExt:Event>Regatta</Iptc4xmpExt:Event></a>"
        );
    }

    #[test]
    fn thumbnails_go_under_both_prefixes() {
        for prefix in ["xmp", "xap"] {
            let xmp = format!(
                "<a><{prefix}:Thumbnails><rdf:Alt><{prefix}GImg:image>AAAA</{prefix}GImg:image></rdf:Alt></{prefix}:Thumbnails>b</a>"
            );
            assert_eq!(without_pictures(xmp.as_bytes()).unwrap(), b"<a>b</a>", "{prefix}");
            let lost = format!("<a><{prefix}GImg:image>AAAA</{prefix}GImg:image></a>");
            assert_eq!(without_pictures(lost.as_bytes()), None, "a picture elsewhere");
        }
        let phone = br#"<a GImage:Mime="image/jpeg" GImage:Data="/9j/4" GDepth:Near="1"/>"#;
        let kept = br#"<a GImage:Mime="image/jpeg"  GDepth:Near="1"/>"#;
        assert_eq!(without_pictures(phone).unwrap(), kept);
    }

    #[test]
    fn the_word_that_more_follows_goes() {
        let xmp = br#"<a xmpNote:HasExtendedXMP="0123" dc:x="1"/>"#.to_vec();
        assert_eq!(without_extension(xmp), br#"<a  dc:x="1"/>"#);
        let odd = b"<a xmpNote:HasExtendedXMP=0123/>".to_vec();
        assert_eq!(
            without_extension(odd.clone()),
            odd,
            "what cannot be taken out stays"
        );
    }
}
