//! Row 10: a cut file is refused, wherever it is cut; a complete JPEG without its end marker is not.

use crate::pictures::*;
use sightline_domain::model::rejection::ReasonCode;

/// So few bytes at the end of a JPEG may be missing unseen: the decoder looks for the end once per row of blocks, and reads ahead. What
/// they held lies within the last row of blocks.
fn unseen(jpeg: &[u8]) -> usize {
    256.min(jpeg.len() / 100)
}

/// Rows of pixels that the last row of blocks may cover.
const BLOCK_ROWS: u32 = 16;

fn same_above_the_last_blocks(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (decoded(one), decoded(other));
    let (width, height) = one.dimensions();
    let above = |picture: &image::RgbImage| picture.as_raw()[..(width * (height - BLOCK_ROWS) * 3) as usize].to_vec();
    one.dimensions() == other.dimensions() && above(&one) == above(&other)
}

/// Cuts `whole` at many places: each is refused, or (nearly) nothing of the picture is missing. Says how many are refused.
fn cut_everywhere(whole: &[u8], case: &str) -> usize {
    cut_and_closed_everywhere(whole, &[], case)
}

/// The same with `end` behind each cut.
fn cut_and_closed_everywhere(whole: &[u8], end: &[u8], case: &str) -> usize {
    let picture = accepted(whole).copy;
    let is_jpeg = whole.starts_with(&[0xff, 0xd8]);
    let cuts = (0..whole.len()).step_by((whole.len() / 400).max(1)).chain(whole.len().saturating_sub(40)..whole.len());
    let mut refused = 0;
    for cut in cuts {
        match take("raw-uploads/x", &[&whole[..cut], end].concat()) {
            Ok(inspected) => {
                let nearly = || is_jpeg && cut + unseen(whole) >= whole.len() && same_above_the_last_blocks(&inspected.copy, &picture);
                assert!(inspected.copy == picture || nearly(), "{case} cut at {cut} of {} is taken with another picture", whole.len());
            }
            Err(rejection) => {
                let expected = matches!(rejection.code, ReasonCode::Truncated) || cut < 40 && rejection.code == ReasonCode::NotAnImage;
                assert!(expected, "{case} cut at {cut}: {rejection}");
                refused += 1;
            }
        }
    }
    refused
}

/// Injected: JPEGs cut at 400 places.
/// Seen: TRUNCATED, unless nearly nothing of the picture is missing.
#[test]
fn row_10_a_truncated_jpeg_is_refused_wherever_it_is_cut() {
    assert!(cut_everywhere(&jpeg(&noise(200, 150)), "noise") > 380);
    assert!(cut_everywhere(include_bytes!("../fixtures/progressive.jpg"), "progressive") > 300);
    assert!(cut_everywhere(include_bytes!("../fixtures/cmyk.jpg"), "CMYK") > 400);
    assert!(cut_everywhere(include_bytes!("../fixtures/restarts.jpg"), "restart markers") > 400);
}

/// Injected: JPEGs cut at 400 places, with an end marker behind each cut.
/// Seen: TRUNCATED, unless nearly nothing of the picture is missing.
#[test]
fn row_10_a_jpeg_that_was_cut_off_and_closed_again_is_truncated() {
    let end = [0xff, 0xd9];
    assert!(cut_and_closed_everywhere(&jpeg(&noise(200, 150)), &end, "noise") > 380);
    assert!(cut_and_closed_everywhere(include_bytes!("../fixtures/cmyk.jpg"), &end, "CMYK") > 400);
}

/// Injected: a PNG cut at 400 places.
/// Seen: TRUNCATED.
#[test]
fn row_10_a_truncated_png_is_refused_wherever_it_is_cut() {
    assert!(cut_everywhere(&png(noise(200, 150)), "noise") > 400);
}

#[test]
fn a_truncated_webp_is_refused_wherever_it_is_cut() {
    assert!(cut_everywhere(&webp(&noise(100, 100)), "lossless") > 400);
    assert!(cut_everywhere(include_bytes!("../fixtures/lossy.webp"), "lossy") > 100);
}

#[test]
fn a_jpeg_that_lost_half_of_its_picture_is_truncated() {
    let whole = jpeg(&noise(400, 300));
    assert_eq!(rejected(&whole[..whole.len() / 2]), ReasonCode::Truncated);
}

/// Injected: a JPEG without its last two bytes.
/// Seen: accepted, with the same copy as the whole one.
#[test]
fn row_10_a_complete_jpeg_without_its_end_marker_is_taken() {
    let whole = jpeg(&noise(200, 150));
    let (rest, end) = whole.split_at(whole.len() - 2);
    assert_eq!(end, [0xff, 0xd9]);
    assert!(accepted(rest).copy == accepted(&whole).copy);
}

#[test]
fn a_complete_progressive_jpeg_without_its_end_marker_is_taken() {
    for whole in [include_bytes!("../fixtures/progressive.jpg").as_slice(), include_bytes!("../fixtures/restarts-progressive.jpg")] {
        let (rest, end) = whole.split_at(whole.len() - 2);
        assert_eq!(end, [0xff, 0xd9]);
        assert!(accepted(rest).copy == accepted(whole).copy);
    }
}

#[test]
fn what_stands_behind_the_end_of_a_jpeg_does_no_harm() {
    let whole = jpeg(&noise(100, 100));
    let longer = [&whole[..], &[0; 1000], b"trailing"].concat();
    assert!(accepted(&longer).copy == accepted(&whole).copy);
}

#[test]
fn a_png_without_its_end_but_with_all_pixels_is_taken_with_a_warning() {
    let whole = png(noise(200, 150));
    let copy = accepted(&whole).copy;
    // The end chunk has 12 bytes, the last checksum 4.
    for missing in [1, 11, 12, 14, 16] {
        let inspected = accepted(&whole[..whole.len() - missing]);
        assert!(inspected.copy == copy, "{missing} bytes are missing");
        assert_eq!(inspected.warnings, ["the file is cut off behind its last pixel"], "{missing} bytes are missing");
    }
}

#[test]
fn a_webp_that_is_cut_off_in_its_metadata_is_taken_with_a_warning() {
    let whole = crate::cases::extended(&webp(&noise(96, 96)), 0x08, &[(b"EXIF", &[7; 100])]);
    let inspected = accepted(&whole[..whole.len() - 50]);
    assert!(inspected.copy == accepted(&whole).copy);
    assert_eq!(inspected.warnings, ["the file is cut off behind its last pixel"]);
}

/// Where the restart markers of a JPEG are.
fn restarts(jpeg: &[u8]) -> Vec<usize> {
    let scan = crate::cases::find(jpeg, &[0xff, 0xda]);
    (scan..jpeg.len() - 1).filter(|place| jpeg[*place] == 0xff && (0xd0..=0xd7).contains(&jpeg[place + 1])).collect()
}

#[test]
fn a_missing_or_wrong_restart_marker_is_a_warning() {
    for (case, whole) in [
        ("baseline", include_bytes!("../fixtures/restarts.jpg").as_slice()),
        ("progressive", include_bytes!("../fixtures/restarts-progressive.jpg")),
    ] {
        assert!(accepted(whole).warnings.is_empty(), "{case}");
        for place in restarts(whole) {
            let missing = [&whole[..place], &whole[place + 2..]].concat();
            let wrong = [&whole[..=place], &[0xd0 + (whole[place + 1] + 3) % 8], &whole[place + 2..]].concat();
            for (what, bytes) in [("missing", missing), ("wrong", wrong)] {
                let inspected = take("raw-uploads/x", &bytes).unwrap_or_else(|rejection| panic!("{case}, {what} at {place}: {rejection}"));
                assert!(inspected.warnings.len() == 1 && inspected.warnings[0].contains("restart markers"), "{case}, {what} at {place}");
            }
        }
    }
}

#[test]
fn a_jpeg_with_restart_markers_that_was_cut_off_and_closed_again_is_truncated() {
    let whole = include_bytes!("../fixtures/restarts.jpg");
    for place in &restarts(whole)[..3] {
        assert_eq!(rejected(&[&whole[..*place], &[0xff, 0xd9]].concat()), ReasonCode::Truncated);
    }
}

#[test]
fn a_png_with_a_damaged_checksum_is_refused() {
    let mut bytes = png(noise(100, 100));
    let place = bytes.windows(4).position(|window| window == b"IDAT").unwrap() + 100;
    bytes[place] ^= 0xff;
    assert_eq!(rejected(&bytes), ReasonCode::Truncated);
}
