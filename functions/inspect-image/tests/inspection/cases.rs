//! Files from public reports, rebuilt: each was once refused, turned or coloured wrongly. And their siblings beside the pixels.

use crate::pictures::*;
use sightline_domain::model::rejection::ReasonCode;

/// The card of these files: red, green above; blue, yellow below.
const CARD: [[u8; 3]; 4] = [[220, 30, 30], [30, 180, 30], [30, 30, 220], [240, 220, 30]];

macro_rules! case {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/cases/", $name)).as_slice()
    };
}

#[test]
fn exif_is_read_from_webp_with_a_jpeg_prefix_from_the_first_of_two_segments_and_past_a_bad_pointer() {
    let cases = [
        ("prefix in WebP", case!("exif-prefix-in-webp.webp")),
        ("two segments", case!("two-exif-segments.jpg")),
        ("GPS directory that leads to nowhere", case!("gps-ifd-next-ffffffff.jpg")),
    ];
    for (name, bytes) in cases {
        let inspected = accepted(bytes);
        assert_eq!((inspected.width, inspected.height), (160, 120), "{name}");
        assert_quadrants(&inspected, CARD, name);
        assert_eq!(inspected.exif.camera.as_deref(), Some("Acme One"), "{name}");
        assert_eq!(inspected.exif.taken_at.as_deref(), Some("2023-02-28T12:30:59+01:00"), "{name}");
        assert!(inspected.warnings.is_empty(), "{name}: {:?}", inspected.warnings);
    }
}

#[test]
fn slips_beside_the_pixels_are_accepted() {
    let cases = [
        ("a segment whose first byte is damaged", case!("app1-marked-00e1.jpg")),
        ("a WebP that announces EXIF and has none", case!("exif-flag-without-chunk.webp")),
        ("JFIF and Adobe transform 0", case!("jfif-and-adobe-transform-0.jpg")),
        ("gamma 1.0", case!("gamma-1.png")),
    ];
    for (name, bytes) in cases {
        let inspected = accepted(bytes);
        assert_quadrants(&inspected, CARD, name);
        assert!(inspected.warnings.is_empty(), "{name}: {:?}", inspected.warnings);
    }
}

#[test]
fn a_kind_of_jpeg_or_png_that_is_not_decoded_is_named_in_plain_words() {
    let baseline = jpeg(&quadrants(96, 96));
    let frame = baseline.windows(2).position(|window| window == [0xff, 0xc0]).unwrap();
    let patched = |place: usize, value: u8| {
        let mut bytes = baseline.clone();
        bytes[frame + place] = value;
        bytes
    };
    let critical = with_chunks(&png(quadrants(96, 96)), &[chunk(*b"ABCD", b"x")]);
    let mut cases = vec![
        (case!("lossless.jpg").to_vec(), "lossless JPEG"),
        (case!("arithmetic-header.jpg").to_vec(), "arithmetic coding"),
        (case!("cgbi.png").to_vec(), "CgBI"),
        (critical, "extension"),
        (patched(4, 12), "12 bits per sample"),
        (patched(9, 2), "2 colour components"),
        (patched(1, 0xf7), "JPEG-LS"),
        ([&patched(5, 0)[..frame + 6], &[0], &baseline[frame + 7..]].concat(), "height"),
    ];
    for marker in [0xc5, 0xc6, 0xc7, 0xcd, 0xce, 0xcf] {
        cases.push((patched(1, marker), "hierarchical"));
    }
    for marker in [0xc9, 0xca] {
        cases.push((patched(1, marker), "arithmetic"));
    }
    for (bytes, expected) in cases {
        let rejection = take("raw-uploads/x", &bytes).err().unwrap_or_else(|| panic!("{expected}: accepted"));
        assert_eq!(rejection.code, ReasonCode::UnsupportedFormat, "{expected}: {rejection}");
        assert!(rejection.detail.contains(expected), "{expected}: {rejection}");
        for foreign in ["library", "SOF", "Error", "upload", "cut off"] {
            assert!(!rejection.detail.contains(foreign), "{expected}: {rejection}");
        }
    }
}

#[test]
fn stray_bytes_between_header_segments_do_no_harm() {
    let whole = jpeg(&quadrants(96, 96));
    let copy = accepted(&whole).copy;
    let (frame, scan) = (find(&whole, &[0xff, 0xc0]), find(&whole, &[0xff, 0xda]));
    let damaged_exif = {
        let thumbnail = jpeg(&noise(80, 80));
        let mut bytes = with_segment(&whole, 0xe1, &[b"Exif\0\0", &thumbnail[..]].concat());
        bytes[2] = 0;
        bytes
    };
    let inserted = |place: usize, bytes: &[u8]| [&whole[..place], bytes, &whole[place..]].concat();
    let cases = [
        ("zeros", inserted(2, &[0; 7])),
        ("before the frame", inserted(frame, b"\x01\x02\x03junk")),
        ("before the scan", inserted(scan, &[0x55; 300])),
        ("fill bytes", inserted(frame, &[0xff; 9])),
        ("a thumbnail in a segment whose first byte is damaged", damaged_exif),
        ("a segment that claims too little", inserted(2, b"\xff\xe5\0\x08abcdefghijklmnop")),
        ("a segment without length", inserted(2, b"\xff\xe5\0\0")),
        ("an unknown marker", inserted(2, b"\xff\x52\0\x07hello")),
        ("a short Adobe segment", with_segment(&whole, 0xee, b"Adobe\0\x64")),
        ("a second start", inserted(2, &[0xff, 0xd8])),
        ("a first marker that is damaged", [&[0xff, 0xd8, 0], &whole[3..]].concat()),
    ];
    for (case, bytes) in cases {
        let inspected = take("raw-uploads/x", &bytes).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
        assert!(inspected.copy == copy && inspected.warnings.is_empty(), "{case}: {:?}", inspected.warnings);
    }
}

#[test]
fn chunks_that_a_webp_announces_and_lacks_or_has_unannounced_do_no_harm() {
    let lossless = webp(&quadrants(96, 96));
    let lossy = include_bytes!("../fixtures/lossy.webp").to_vec();
    for (kind, simple) in [("lossless", lossless), ("lossy", lossy)] {
        // EXIF, XMP, ICC, alpha.
        for flags in [0x08, 0x04, 0x20, 0x10, 0x3c] {
            let inspected = accepted(&extended(&simple, flags, &[]));
            assert_quadrants(&inspected, [RED, GREEN, BLUE, YELLOW], &format!("{kind}, flags {flags:#x}"));
            assert!(inspected.warnings.is_empty(), "{kind}, flags {flags:#x}: {:?}", inspected.warnings);
        }
        let exif = [b"Exif\0\0", &crate::metadata::Tiff::default().orientation(6).bytes()[..]].concat();
        let inspected = accepted(&extended(&simple, 0, &[(b"EXIF", &exif)]));
        assert_quadrants(&inspected, [BLUE, RED, YELLOW, GREEN], &format!("{kind}, EXIF unannounced"));
    }
}

#[test]
fn every_warning_is_in_the_docs() {
    let docs = include_str!("../../../../docs/records.md");
    let picture = png(quadrants(96, 96));
    let clear = png(image::RgbaImage::new(96, 96));
    let restarts = include_bytes!("../fixtures/restarts.jpg");
    let restart = find(restarts, &[0xff, 0xd2]);
    let files = [
        picture.clone(),
        picture[..picture.len() - 12].to_vec(),
        clear,
        case!("icc-part-missing.jpg").to_vec(),
        include_bytes!("../fixtures/cmyk-without-adobe.jpg").to_vec(),
        [&restarts[..restart], &restarts[restart + 2..]].concat(),
        progressive_with_one_scan(),
    ];
    let mut warnings: Vec<String> = files.iter().flat_map(|file| take("raw-uploads/photo.jpg", file).ok().unwrap().warnings).collect();
    warnings.sort();
    warnings.dedup();
    assert_eq!(warnings.len(), 7, "{warnings:#?}");
    for warning in warnings {
        assert!(docs.contains(&format!("| {warning} |")), "{warning}");
    }
}

/// A WebP with a `VP8X` header in front of the picture's chunk, and `more` behind it.
pub fn extended(simple: &[u8], flags: u8, more: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let header = [flags, 0, 0, 0, 95, 0, 0, 95, 0, 0];
    let mut body = [b"WEBPVP8X\x0a\0\0\0".as_slice(), &header, &simple[12..]].concat();
    for (kind, data) in more {
        body.extend([&kind[..], &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &[0][..data.len() % 2]].concat());
    }
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

pub fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// A progressive JPEG that ends with an end marker behind its first scan.
fn progressive_with_one_scan() -> Vec<u8> {
    let whole = include_bytes!("../fixtures/progressive.jpg");
    let first = find(whole, &[0xff, 0xda]) + 2;
    let next = (first..whole.len()).find(|place| whole[*place] == 0xff && !matches!(whole[place + 1], 0 | 0xff)).unwrap();
    [&whole[..next], &[0xff, 0xd9]].concat()
}

#[test]
fn a_webp_ends_where_its_size_says_and_shows_its_own_alpha() {
    let whole = webp(&noise(96, 96));
    let longer = [&whole[..], b"JUNK\xff\xff\xff\x7ftrailing"].concat();
    assert!(accepted(&longer).warnings.is_empty() && accepted(&longer).copy == accepted(&whole).copy);

    let mut bytes = Vec::new();
    let half = image::RgbaImage::from_fn(96, 96, |x, _| image::Rgba([0, 255, 0, if x < 48 { 255 } else { 0 }]));
    image::codecs::webp::WebPEncoder::new_lossless(&mut bytes).encode(&half, 96, 96, image::ExtendedColorType::Rgba8).unwrap();
    let inspected = accepted(&extended(&bytes, 0, &[]));
    assert!(inspected.warnings.iter().any(|warning| warning.contains("transparent")), "{:?}", inspected.warnings);
}

#[test]
fn a_damaged_chunk_of_a_png_is_no_extension() {
    let whole = png(noise(96, 96));
    let place = find(&whole, b"IDAT");
    let damaged = [&whole[..place], b"Q\x01\x02\x03", &whole[place + 4..]].concat();
    assert_eq!(rejected(&damaged), ReasonCode::Truncated);
}

#[test]
fn unusual_sampling_factors_are_named_in_plain_words() {
    let mut bytes = jpeg(&noise(96, 96));
    let frame = find(&bytes, &[0xff, 0xc0]);
    // The factors of the first component, behind length, depth, sides, count and id.
    bytes[frame + 11] = 0x31;
    assert_eq!(rejected(&bytes), ReasonCode::UnsupportedFormat);
}

#[test]
fn a_restart_marker_without_an_interval_is_damage() {
    let whole = jpeg(&noise(200, 150));
    let middle = find(&whole, &[0xff, 0xda]) + (whole.len() - find(&whole, &[0xff, 0xda])) / 2;
    let damaged = [&whole[..middle], &[0xff, 0xd3], &whole[middle..]].concat();
    assert_eq!(rejected(&damaged), ReasonCode::Truncated);
}
