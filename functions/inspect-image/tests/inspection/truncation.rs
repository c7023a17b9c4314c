//! Row 10: a cut file is refused, wherever it is cut; a complete JPEG without its end marker is not.

use crate::pictures::*;
use sightline_domain::rejection::ReasonCode;

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

/// Cuts `whole` at many places: each is refused, or (nearly) nothing of the picture is missing.
fn cut_everywhere(whole: &[u8], case: &str) -> usize {
    let picture = accepted(whole).copy;
    let is_jpeg = whole.starts_with(&[0xff, 0xd8]);
    let cuts = (0..whole.len()).step_by((whole.len() / 400).max(1)).chain(whole.len().saturating_sub(40)..whole.len());
    let mut refused = 0;
    for cut in cuts {
        match take("raw-uploads/x", &whole[..cut]) {
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
fn what_stands_behind_the_end_of_a_jpeg_does_no_harm() {
    let whole = jpeg(&noise(100, 100));
    let longer = [&whole[..], &[0; 1000], b"trailing"].concat();
    assert!(accepted(&longer).copy == accepted(&whole).copy);
}

#[test]
fn a_png_with_a_damaged_checksum_is_refused() {
    let mut bytes = png(noise(100, 100));
    let place = bytes.windows(4).position(|window| window == b"IDAT").unwrap() + 100;
    bytes[place] ^= 0xff;
    assert_eq!(rejected(&bytes), ReasonCode::Truncated);
}
