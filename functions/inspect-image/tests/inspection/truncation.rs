//! Row 10: a cut file is refused, wherever it is cut; a complete JPEG without its end marker is not.

use crate::pictures::*;
use sightline_domain::rejection::ReasonCode;

/// So little of a JPEG may be missing unseen: a decoder reads ahead, and cannot tell the last bits from what it adds itself.
const READ_AHEAD: usize = 40;

/// Cuts `whole` at many places: each is refused, or (nearly) nothing of the picture is missing.
fn cut_everywhere(whole: &[u8], case: &str) -> usize {
    let picture = accepted(whole).copy;
    let cuts = (0..whole.len()).step_by((whole.len() / 400).max(1)).chain(whole.len().saturating_sub(40)..whole.len());
    let mut refused = 0;
    for cut in cuts {
        match take("raw-uploads/x", &whole[..cut]) {
            Ok(inspected) => {
                let whole_picture = inspected.copy == picture || whole.starts_with(&[0xff, 0xd8]) && cut + READ_AHEAD >= whole.len();
                assert!(whole_picture, "{case} cut at {cut} of {} is taken with another picture", whole.len());
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

#[test]
fn a_truncated_jpeg_is_refused_wherever_it_is_cut() {
    assert!(cut_everywhere(&jpeg(&noise(200, 150)), "noise") > 400);
    assert!(cut_everywhere(include_bytes!("../fixtures/progressive.jpg"), "progressive") > 300);
    assert!(cut_everywhere(include_bytes!("../fixtures/cmyk.jpg"), "CMYK") > 400);
}

#[test]
fn a_truncated_png_is_refused_wherever_it_is_cut() {
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

#[test]
fn a_complete_jpeg_without_its_end_marker_is_taken() {
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
