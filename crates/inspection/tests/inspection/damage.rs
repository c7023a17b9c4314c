//! Damaged files: mistakes outside the pixels are ignored, missing pixels are rejected wherever a file is cut (fault matrix, row 10).
//!
//! The files in `fixtures/cases` are rebuilt from public bug reports: each was once rejected, turned or coloured wrongly.

use crate::pictures::*;
use sightline_domain::model::ReasonCode;

/// The quadrants of these files: red and green at the top, blue and yellow at the bottom.
const CASE_QUADRANTS: [[u8; 3]; 4] = [[220, 30, 30], [30, 180, 30], [30, 30, 220], [240, 220, 30]];

macro_rules! case {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/cases/", $name)).as_slice()
    };
}

#[test]
fn exif_with_common_mistakes_is_read() {
    let cases = [
        ("prefix in WebP", case!("exif-prefix-in-webp.webp")),
        ("two segments", case!("two-exif-segments.jpg")),
        ("GPS directory with an invalid next pointer", case!("gps-ifd-next-ffffffff.jpg")),
    ];
    for (name, bytes) in cases {
        let inspected = accepted_without_warnings(name, bytes);
        assert_eq!((inspected.width, inspected.height), (160, 120), "{name}");
        assert_quadrants(&inspected, CASE_QUADRANTS, name);
        assert_eq!(inspected.exif.camera.as_deref(), Some("Acme One"), "{name}");
        assert_eq!(inspected.exif.taken_at.as_deref(), Some("2023-02-28T12:30:59+01:00"), "{name}");
    }
}

#[test]
fn mistakes_outside_the_pixels_are_accepted() {
    let cases = [
        ("a segment whose first byte is damaged", case!("app1-marked-00e1.jpg")),
        ("a WebP that announces EXIF and has none", case!("exif-flag-without-chunk.webp")),
        ("JFIF and Adobe transform 0", case!("jfif-and-adobe-transform-0.jpg")),
        ("gamma 1.0", case!("gamma-1.png")),
    ];
    for (name, bytes) in cases {
        assert_quadrants(&accepted_without_warnings(name, bytes), CASE_QUADRANTS, name);
    }
}

#[test]
fn an_unsupported_kind_of_jpeg_or_png_is_named() {
    let baseline = jpeg(&quadrants(96, 96));
    let frame = find(&baseline, &[0xff, 0xc0]);
    let patched = |offset: usize, value: u8| {
        let mut bytes = baseline.clone();
        bytes[frame + offset] = value;
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
        (patched(11, 0x31), "unusual sampling factors"),
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
        let rejection = inspected("raw-uploads/x", &bytes).err().unwrap_or_else(|| panic!("{expected}: accepted"));
        assert_eq!(rejection.code, ReasonCode::UnsupportedFormat, "{expected}: {rejection}");
        assert!(rejection.detail.contains(expected), "{expected}: {rejection}");
        for jargon in ["library", "SOF", "Error", "upload", "cut off"] {
            assert!(!rejection.detail.contains(jargon), "{expected}: {rejection}");
        }
    }
}

#[test]
fn stray_bytes_between_header_segments_are_ignored() {
    let whole = jpeg(&quadrants(96, 96));
    let copy = accepted(&whole).copy;
    let (frame, scan) = (find(&whole, &[0xff, 0xc0]), find(&whole, &[0xff, 0xda]));
    let damaged_exif = {
        let thumbnail = jpeg(&noise(80, 80));
        let mut bytes = with_segment(&whole, 0xe1, &[b"Exif\0\0", &thumbnail[..]].concat());
        bytes[2] = 0;
        bytes
    };
    let inserted = |offset: usize, bytes: &[u8]| [&whole[..offset], bytes, &whole[offset..]].concat();
    let cases = [
        ("zeros", inserted(2, &[0; 7])),
        ("before the frame", inserted(frame, b"\x01\x02\x03junk")),
        ("before the scan", inserted(scan, &[0x55; 300])),
        ("fill bytes", inserted(frame, &[0xff; 9])),
        ("a thumbnail in a segment whose first byte is damaged", damaged_exif),
        ("a segment whose length is too small", inserted(2, b"\xff\xe5\0\x08abcdefghijklmnop")),
        ("a segment without length", inserted(2, b"\xff\xe5\0\0")),
        ("an unknown marker", inserted(2, b"\xff\x52\0\x07hello")),
        ("a short Adobe segment", with_segment(&whole, 0xee, b"Adobe\0\x64")),
        ("a second start", inserted(2, &[0xff, 0xd8])),
        ("a first marker that is damaged", [&[0xff, 0xd8, 0], &whole[3..]].concat()),
    ];
    for (case, bytes) in cases {
        assert!(accepted_without_warnings(case, &bytes).copy == copy, "{case}");
    }
}

#[test]
fn webp_flags_that_contradict_the_chunks_are_ignored() {
    let lossless = webp(&quadrants(96, 96));
    let lossy = include_bytes!("../fixtures/lossy.webp").to_vec();
    for (kind, simple) in [("lossless", lossless), ("lossy", lossy)] {
        // EXIF, XMP, ICC, alpha.
        for flags in [0x08, 0x04, 0x20, 0x10, 0x3c] {
            let case = format!("{kind}, flags {flags:#x}");
            let inspected = accepted_without_warnings(&case, &extended(&simple, flags, &[]));
            assert_quadrants(&inspected, [RED, GREEN, BLUE, YELLOW], &case);
        }
        let exif = [b"Exif\0\0", &crate::metadata::Tiff::default().orientation(6).bytes()[..]].concat();
        let inspected = accepted(&extended(&simple, 0, &[(b"EXIF", &exif)]));
        assert_quadrants(&inspected, [BLUE, RED, YELLOW, GREEN], &format!("{kind}, EXIF without flag"));
    }
}

#[test]
fn every_warning_is_documented() {
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
    let mut warnings: Vec<String> = files.iter().flat_map(|file| inspected("raw-uploads/photo.jpg", file).ok().unwrap().warnings).collect();
    warnings.sort();
    warnings.dedup();
    assert_eq!(warnings.len(), 7, "{warnings:#?}");
    for warning in warnings {
        assert!(docs.contains(&format!("| {warning} |")), "{warning}");
    }
}

/// A progressive JPEG with an end marker after its first scan.
fn progressive_with_one_scan() -> Vec<u8> {
    let whole = include_bytes!("../fixtures/progressive.jpg");
    let first = find(whole, &[0xff, 0xda]) + 2;
    let next = (first..whole.len()).find(|offset| whole[*offset] == 0xff && !matches!(whole[offset + 1], 0 | 0xff)).unwrap();
    [&whole[..next], &[0xff, 0xd9]].concat()
}

#[test]
fn a_webp_ends_at_its_declared_size_and_keeps_its_alpha_despite_its_flags() {
    let whole = webp(&noise(96, 96));
    let longer = [&whole[..], b"JUNK\xff\xff\xff\x7ftrailing"].concat();
    assert!(accepted_without_warnings("longer", &longer).copy == accepted(&whole).copy);

    let mut bytes = Vec::new();
    let half = image::RgbaImage::from_fn(96, 96, |x, _| image::Rgba([0, 255, 0, if x < 48 { 255 } else { 0 }]));
    image::codecs::webp::WebPEncoder::new_lossless(&mut bytes).encode(&half, 96, 96, image::ExtendedColorType::Rgba8).unwrap();
    let inspected = accepted(&extended(&bytes, 0, &[]));
    assert!(inspected.warnings.iter().any(|warning| warning.contains("transparent")), "{:?}", inspected.warnings);
}

#[test]
fn a_damaged_png_chunk_is_not_an_unknown_extension() {
    let whole = png(noise(96, 96));
    let offset = find(&whole, b"IDAT");
    let damaged = [&whole[..offset], b"Q\x01\x02\x03", &whole[offset + 4..]].concat();
    assert_eq!(rejected(&damaged), ReasonCode::Truncated);
}

#[test]
fn a_restart_marker_without_an_interval_is_damage() {
    let whole = jpeg(&noise(200, 150));
    let middle = find(&whole, &[0xff, 0xda]) + (whole.len() - find(&whole, &[0xff, 0xda])) / 2;
    let damaged = [&whole[..middle], &[0xff, 0xd3], &whole[middle..]].concat();
    assert_eq!(rejected(&damaged), ReasonCode::Truncated);
}

/// Number of bytes at the end of a JPEG whose absence is not detected: the decoder checks for the end once per row of blocks, and reads
/// ahead. They only affect the last row of blocks.
fn undetected(jpeg: &[u8]) -> usize {
    256.min(jpeg.len() / 100)
}

/// Maximum height of a row of blocks, px.
const BLOCK_ROWS: u32 = 16;

fn same_above_the_last_blocks(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (decoded(one), decoded(other));
    let (width, height) = one.dimensions();
    let above = |picture: &image::RgbImage| picture.as_raw()[..(width * (height - BLOCK_ROWS) * 3) as usize].to_vec();
    one.dimensions() == other.dimensions() && above(&one) == above(&other)
}

/// Cuts `whole` at many places and appends `end`: each is rejected, or (nearly) nothing of the picture is missing. Returns the number of
/// rejections.
fn cut_everywhere(whole: &[u8], end: &[u8], case: &str) -> usize {
    let picture = accepted(whole).copy;
    let is_jpeg = whole.starts_with(&[0xff, 0xd8]);
    let cuts = (0..whole.len()).step_by((whole.len() / 400).max(1)).chain(whole.len().saturating_sub(40)..whole.len());
    let mut rejected = 0;
    for cut in cuts {
        match inspected("raw-uploads/x", &[&whole[..cut], end].concat()) {
            Ok(inspected) => {
                let nearly = || is_jpeg && cut + undetected(whole) >= whole.len() && same_above_the_last_blocks(&inspected.copy, &picture);
                assert!(inspected.copy == picture || nearly(), "{case} cut at {cut} of {} is accepted with another picture", whole.len());
            }
            Err(rejection) => {
                let expected = matches!(rejection.code, ReasonCode::Truncated) || cut < 40 && rejection.code == ReasonCode::NotAnImage;
                assert!(expected, "{case} cut at {cut}: {rejection}");
                rejected += 1;
            }
        }
    }
    rejected
}

/// Injected: JPEG, PNG and WebP files cut at 400 places, and JPEGs with an end marker after each cut.
/// Seen: TRUNCATED, unless only the last row of blocks of a JPEG is affected.
#[test]
fn row_10_a_file_cut_anywhere_is_rejected() {
    let (noise_jpeg, end) = (jpeg(&noise(200, 150)), [0xff, 0xd9].as_slice());
    let cases: [(&str, &[u8], &[u8], usize); 9] = [
        ("noise", &noise_jpeg, &[], 380),
        ("progressive", include_bytes!("../fixtures/progressive.jpg"), &[], 300),
        ("CMYK", include_bytes!("../fixtures/cmyk.jpg"), &[], 400),
        ("restart markers", include_bytes!("../fixtures/restarts.jpg"), &[], 400),
        ("noise, with an end marker", &noise_jpeg, end, 380),
        ("CMYK, with an end marker", include_bytes!("../fixtures/cmyk.jpg"), end, 400),
        ("PNG", &png(noise(200, 150)), &[], 400),
        ("lossless WebP", &webp(&noise(100, 100)), &[], 400),
        ("lossy WebP", include_bytes!("../fixtures/lossy.webp"), &[], 100),
    ];
    for (case, whole, end, least) in cases {
        let rejections = cut_everywhere(whole, end, case);
        assert!(rejections > least, "{case}: {rejections} rejections");
    }
    let large = jpeg(&noise(400, 300));
    assert_eq!(rejected(&large[..large.len() / 2]), ReasonCode::Truncated);
}

/// Injected: baseline and progressive JPEGs without their last two bytes.
/// Seen: accepted, with the same copy as the complete file.
#[test]
fn row_10_a_complete_jpeg_without_its_end_marker_is_accepted() {
    let baseline = jpeg(&noise(200, 150));
    let progressive = include_bytes!("../fixtures/progressive.jpg").as_slice();
    for whole in [&baseline, progressive, include_bytes!("../fixtures/restarts-progressive.jpg")] {
        let (rest, end) = whole.split_at(whole.len() - 2);
        assert_eq!(end, [0xff, 0xd9]);
        assert!(accepted(rest).copy == accepted(whole).copy);
    }
}

#[test]
fn bytes_after_the_end_of_a_jpeg_are_ignored() {
    let whole = jpeg(&noise(100, 100));
    let longer = [&whole[..], &[0; 1000], b"trailing"].concat();
    assert!(accepted(&longer).copy == accepted(&whole).copy);
}

#[test]
fn a_png_with_all_pixels_but_no_end_is_accepted_with_a_warning() {
    let whole = png(noise(200, 150));
    let copy = accepted(&whole).copy;
    // The end chunk has 12 bytes, the last checksum 4.
    for missing in [1, 11, 12, 14, 16] {
        let inspected = accepted(&whole[..whole.len() - missing]);
        assert!(inspected.copy == copy, "{missing} bytes are missing");
        assert_eq!(inspected.warnings, ["the file is cut off after its last pixel"], "{missing} bytes are missing");
    }
}

#[test]
fn a_webp_cut_in_its_metadata_is_accepted_with_a_warning() {
    let whole = extended(&webp(&noise(96, 96)), 0x08, &[(b"EXIF", &[7; 100])]);
    let inspected = accepted(&whole[..whole.len() - 50]);
    assert!(inspected.copy == accepted(&whole).copy);
    assert_eq!(inspected.warnings, ["the file is cut off after its last pixel"]);
}

/// The offsets of the restart markers of a JPEG.
fn restarts(jpeg: &[u8]) -> Vec<usize> {
    let scan = find(jpeg, &[0xff, 0xda]);
    (scan..jpeg.len() - 1).filter(|offset| jpeg[*offset] == 0xff && (0xd0..=0xd7).contains(&jpeg[offset + 1])).collect()
}

#[test]
fn a_missing_or_wrong_restart_marker_is_a_warning() {
    for (case, whole) in [
        ("baseline", include_bytes!("../fixtures/restarts.jpg").as_slice()),
        ("progressive", include_bytes!("../fixtures/restarts-progressive.jpg")),
    ] {
        accepted_without_warnings(case, whole);
        for offset in restarts(whole) {
            let missing = [&whole[..offset], &whole[offset + 2..]].concat();
            let wrong = [&whole[..=offset], &[0xd0 + (whole[offset + 1] + 3) % 8], &whole[offset + 2..]].concat();
            for (what, bytes) in [("missing", missing), ("wrong", wrong)] {
                let inspected =
                    inspected("raw-uploads/x", &bytes).unwrap_or_else(|rejection| panic!("{case}, {what} at {offset}: {rejection}"));
                assert!(inspected.warnings.len() == 1 && inspected.warnings[0].contains("restart markers"), "{case}, {what} at {offset}");
            }
        }
    }
}

#[test]
fn a_cut_jpeg_with_restart_markers_and_an_end_marker_is_truncated() {
    let whole = include_bytes!("../fixtures/restarts.jpg");
    for offset in &restarts(whole)[..3] {
        assert_eq!(rejected(&[&whole[..*offset], &[0xff, 0xd9]].concat()), ReasonCode::Truncated);
    }
}

#[test]
fn a_png_with_a_damaged_checksum_is_rejected() {
    let mut bytes = png(noise(100, 100));
    let offset = find(&bytes, b"IDAT") + 100;
    bytes[offset] ^= 0xff;
    assert_eq!(rejected(&bytes), ReasonCode::Truncated);
}
