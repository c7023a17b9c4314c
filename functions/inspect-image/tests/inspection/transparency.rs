//! What is transparent gets a ground on which the picture stays visible, and the record says so.

use crate::pictures::*;
use image::{DynamicImage, ImageBuffer, LumaA, Rgba, RgbaImage};

const BARS: u32 = 12;

/// Bars of `colours` one below the other, each on a transparent ground: about as much outline as letters have.
fn bars(colours: &[[u8; 4]]) -> RgbaImage {
    RgbaImage::from_fn(96, 96, |x, y| {
        let bar = (y / BARS) as usize;
        let colour = colours[bar % colours.len()];
        // The ground's hidden colour says nothing: here it is the art's own.
        if y % BARS < BARS / 2 && (8..88).contains(&x) { Rgba(colour) } else { Rgba([colour[0], colour[1], colour[2], 0]) }
    })
}

fn ground(picture: impl Into<DynamicImage>) -> (u8, String) {
    let inspected = accepted(&png(picture));
    let [red, green, blue] = decoded(&inspected.copy).get_pixel(2, 2).0;
    assert!(red.abs_diff(green) < 4 && green.abs_diff(blue) < 4, "a ground has no colour");
    assert_eq!(inspected.warnings.len(), 1, "{:?}", inspected.warnings);
    (green, inspected.warnings[0].clone())
}

fn assert_visible(colours: &[[u8; 4]]) {
    let (ground, warning) = ground(bars(colours));
    for [red, green, blue, _] in colours {
        let brightness = (u32::from(*red) * 54 + u32::from(*green) * 183 + u32::from(*blue) * 19) / 256;
        assert!(brightness.abs_diff(u32::from(ground)) >= 55, "{colours:?} on {ground}");
    }
    assert!(warning.contains("transparent"), "{warning}");
}

const WHITE: [u8; 4] = [255, 255, 255, 255];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const MIDDLE: [u8; 4] = [128, 128, 128, 255];

#[test]
fn light_art_gets_a_dark_ground_and_all_other_art_white() {
    for light in [WHITE, [200, 200, 200, 255], [255, 240, 0, 255], [255, 255, 255, 160]] {
        assert!(ground(bars(&[light])).0 < 8, "{light:?}");
    }
    for other in [BLACK, MIDDLE, [200, 0, 0, 255], [0, 0, 255, 255], [0, 0, 0, 100]] {
        assert!(ground(bars(&[other])).0 > 247, "{other:?}");
    }
}

#[test]
fn mixed_art_gets_a_ground_on_which_all_of_it_is_seen() {
    assert_visible(&[WHITE, BLACK]);
    assert_visible(&[WHITE, MIDDLE]);
    assert_visible(&[BLACK, MIDDLE]);
    assert_visible(&[WHITE, MIDDLE, BLACK]);
    assert_visible(&[[255, 240, 0, 255], [0, 0, 120, 255]]);
}

#[test]
fn what_lies_within_opaque_art_does_not_choose_the_ground() {
    let badge = RgbaImage::from_fn(96, 96, |x, y| match (x, y) {
        (30..66, 30..66) => Rgba(WHITE),
        (8..88, 8..88) => Rgba([180, 0, 0, 255]),
        _ => Rgba([0, 0, 0, 0]),
    });
    assert!(ground(badge).0 > 247, "white in red stays visible on white");
}

#[test]
fn soft_edges_and_evenly_transparent_pictures_are_seen() {
    let soft = RgbaImage::from_fn(96, 96, |x, _| Rgba([255, 255, 255, u8::try_from(x * 2).unwrap()]));
    assert!(ground(soft).0 < 30);
    assert!(ground(RgbaImage::from_pixel(96, 96, Rgba([255, 255, 255, 40]))).0 < 60);
    assert!(ground(RgbaImage::from_pixel(96, 96, Rgba([0, 0, 0, 40]))).0 > 200);
    assert!(ground(RgbaImage::new(96, 96)).0 > 247, "nothing to be seen at all");
}

#[test]
fn every_format_with_transparency_is_flattened_alike() {
    let white = bars(&[WHITE]);
    let grey = ImageBuffer::from_fn(96, 96, |x, y| LumaA([255_u8, white.get_pixel(x, y).0[3]]));
    let mut lossless = Vec::new();
    image::codecs::webp::WebPEncoder::new_lossless(&mut lossless).encode(&white, 96, 96, image::ExtendedColorType::Rgba8).unwrap();
    let rows: Vec<u8> = (0..96).flat_map(|y| std::iter::once(0).chain((0..96).map(move |_| u8::from(y % 12 < 6)))).collect();
    let palette =
        png_of(&[header(96, 96, 8, 3), chunk(*b"PLTE", &[255; 6]), chunk(*b"tRNS", &[0, 255]), chunk(*b"IDAT", &deflated(&rows))]);
    let files = [
        ("16 bits", png(DynamicImage::ImageRgba8(white).into_rgba16())),
        ("grey and alpha", png(grey)),
        ("WebP", lossless),
        ("palette", palette),
    ];
    for (case, bytes) in files {
        let inspected = accepted(&bytes);
        let copy = decoded(&inspected.copy);
        assert_close(copy.get_pixel(48, 9).0, [0, 0, 0], 8, case);
        assert_close(copy.get_pixel(48, 3).0, [255, 255, 255], 8, case);
        assert_eq!(inspected.warnings, ["the picture has transparent parts; they are shown on black"], "{case}");
    }
}

#[test]
fn an_alpha_channel_that_hides_nothing_is_not_mentioned() {
    assert!(accepted(&png(RgbaImage::from_pixel(96, 96, Rgba(WHITE)))).warnings.is_empty());
}

#[test]
fn white_words_on_a_transparent_ground_are_seen() {
    let inspected = accepted(include_bytes!("../fixtures/cases/white-on-transparent.png"));
    let copy = decoded(&inspected.copy);
    let (light, dark) = copy.pixels().fold((0, 0), |(light, dark), pixel| match pixel.0[1] {
        200.. => (light + 1, dark),
        ..50 => (light, dark + 1),
        _ => (light, dark),
    });
    assert!(light > 500 && dark > 20_000, "{light} light, {dark} dark pixels");
}
