//! Row 11 and the copies: what sides and how many pixels are taken, and how large copy and thumbnail come out.

use crate::pictures::*;
use inspect_image::inspect::{Limits, inspect};
use sightline_domain::model::rejection::ReasonCode;

fn outcome(width: u32, height: u32) -> Option<ReasonCode> {
    take("raw-uploads/x", &png(flat(width, height, RED))).err().map(|rejection| rejection.code)
}

#[test]
fn a_side_below_eighty_pixels_is_too_small() {
    for (width, height, code) in [
        (79, 400, Some(ReasonCode::TooSmall)),
        (400, 79, Some(ReasonCode::TooSmall)),
        (1, 1, Some(ReasonCode::TooSmall)),
        (80, 80, None),
        (80, 400, None),
    ] {
        assert_eq!(outcome(width, height), code, "{width}×{height}");
    }
}

#[test]
fn the_smallest_side_counts_in_every_format() {
    let small = flat(79, 100, RED);
    assert_eq!(rejected(&jpeg(&small)), ReasonCode::TooSmall);
    assert_eq!(rejected(&webp(&small)), ReasonCode::TooSmall);
}

#[test]
fn the_largest_number_of_pixels_is_taken_and_one_row_more_is_not() {
    let limits = Limits { max_pixels: 100 * 120, ..LIMITS };
    let code = |bytes: &[u8]| inspect("x", bytes, &limits, false).err().map(|rejection| rejection.code);
    for encode in [|picture| jpeg(&picture), |picture| png(picture), |picture| webp(&picture)] as [fn(_) -> _; 3] {
        assert_eq!(code(&encode(flat(100, 120, RED))), None);
        assert_eq!(code(&encode(flat(100, 121, RED))), Some(ReasonCode::TooManyPixels));
    }
}

#[test]
fn what_could_not_be_shrunk_to_both_limits_of_rekognition_is_refused() {
    for (width, height) in [(10_001, 80), (80, 30_000), (12_000, 90), (90, 12_000)] {
        let rejection = take("raw-uploads/x", &png(flat(width, height, RED))).err().unwrap();
        assert_eq!(rejection.code, ReasonCode::TooNarrow);
        assert!(rejection.detail.contains("125 times") && !rejection.detail.contains("pixels"), "{rejection}");
    }
    assert_eq!(outcome(12_500, 100), None, "10,000 px by 80 px is just what Rekognition takes");
}

#[test]
fn copies_keep_within_their_sides_and_their_proportions() {
    let cases = [
        ("small ones are left alone", (640, 480), (640, 480), (320, 240)),
        ("wide", (4096, 1024), (2048, 512), (320, 80)),
        ("high", (1024, 4096), (512, 2048), (80, 320)),
        ("exactly the longest side", (2048, 100), (2048, 100), (320, 40)),
        ("a panorama keeps 80 px", (10_000, 100), (8_000, 80), (320, 40)),
        ("a high one, too", (100, 10_000), (80, 8_000), (40, 320)),
        ("just not a panorama", (3200, 400), (2048, 256), (320, 40)),
        ("tiny", (80, 80), (80, 80), (80, 80)),
    ];
    for (case, (width, height), copy, thumbnail) in cases {
        let inspected = accepted(&png(flat(width, height, RED)));
        assert_eq!((inspected.width, inspected.height), (width, height), "{case}: the record knows the original's size");
        assert_eq!(decoded(&inspected.copy).dimensions(), copy, "{case}: copy");
        assert_eq!(decoded(&inspected.thumbnail).dimensions(), thumbnail, "{case}: thumbnail");
    }
}

#[test]
fn shrinking_keeps_colours() {
    assert_quadrants(&accepted(&png(quadrants(4000, 3000))), [RED, GREEN, BLUE, YELLOW], "12 megapixels");
}

#[test]
fn the_thumbnail_of_a_panorama_shows_its_middle() {
    // Eight fields, each 1,000 px wide; the middle two are green and blue.
    let fields = [RED, YELLOW, RED, GREEN, BLUE, RED, YELLOW, RED];
    let panorama = image::RgbImage::from_fn(8_000, 80, |x, _| image::Rgb(fields[(x / 1_000) as usize]));
    let thumbnail = decoded(&accepted(&png(panorama)).thumbnail);
    assert_eq!(thumbnail.dimensions(), (320, 40));
    assert_close(thumbnail.get_pixel(100, 20).0, GREEN, 8, "left of the middle");
    assert_close(thumbnail.get_pixel(220, 20).0, BLUE, 8, "right of the middle");
}
