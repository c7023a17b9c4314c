//! Colours of the copies: always sRGB, on a background on which a transparent picture stays visible.

use crate::pictures::*;
use image::{DynamicImage, ImageBuffer, LumaA, Rgba, RgbaImage};
use moxcms::ColorProfile;

const UNUSABLE: &str = "the colour profile cannot be used; colours may be off";
const SKIN: [u8; 3] = [200, 120, 90];

fn files(profile: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    in_every_format(&flat(96, 96, SKIN), &icc(profile.to_vec()))
}

fn middle(jpeg: &[u8]) -> [u8; 3] {
    decoded(jpeg).get_pixel(48, 48).0
}

#[test]
fn display_p3_becomes_srgb() {
    for (format, bytes) in files(&ColorProfile::new_display_p3().encode().unwrap()) {
        let inspected = accepted_without_warnings(format, &bytes);
        let [red, green, blue] = middle(&inspected.copy);
        // P3 is a wider gamut: the same colour needs more extreme values in sRGB.
        assert!(red >= SKIN[0] + 6 && green < SKIN[1] && blue < SKIN[2], "{format}: {red} {green} {blue}");
        assert_close(middle(&inspected.thumbnail), [red, green, blue], 3, format);
    }
}

#[test]
fn srgb_is_unchanged() {
    for (format, bytes) in files(&ColorProfile::new_srgb().encode().unwrap()) {
        let inspected = accepted_without_warnings(format, &bytes);
        assert_close(middle(&inspected.copy), SKIN, 4, format);
    }
}

#[test]
fn a_broken_profile_is_a_warning_and_leaves_the_pixels_unchanged() {
    let good = ColorProfile::new_display_p3().encode().unwrap();
    for (case, profile) in [("cut off", good[..100].to_vec()), ("not a profile", vec![7; 500])] {
        for (format, bytes) in files(&profile) {
            let inspected = accepted(&bytes);
            assert_eq!(inspected.warnings, [UNUSABLE], "{case}, {format}");
            assert_close(middle(&inspected.copy), SKIN, 4, case);
        }
    }
}

#[test]
fn a_display_grey_profile_leaves_a_grey_picture_unchanged() {
    let grey = DynamicImage::ImageRgb8(flat(96, 96, [90, 90, 90])).into_luma8();
    let profile = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let inspected = accepted(&png_with(&grey.into(), icc(profile)));
    assert_close(middle(&inspected.copy), [90, 90, 90], 3, "grey");
}

/// A JPEG with these profile segments, each beginning with its number and count.
fn with_profile_parts(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().rev().fold(jpeg(&flat(96, 96, SKIN)), |file, part| with_segment(&file, 0xe2, &[b"ICC_PROFILE\0", *part].concat()))
}

#[test]
fn a_profile_in_parts_is_used_if_complete_and_otherwise_a_warning() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let (first, second) = profile.split_at(profile.len() / 2);
    let part = |number: u8, count: u8, data: &[u8]| [&[number, count], data].concat();
    let whole = middle(&accepted(&with_profile_parts(&[&part(1, 1, &profile)])).copy);
    for order in [[part(1, 2, first), part(2, 2, second)], [part(2, 2, second), part(1, 2, first)]] {
        let inspected = accepted(&with_profile_parts(&[&order[0], &order[1]]));
        assert!(inspected.warnings.is_empty() && middle(&inspected.copy) == whole, "{:?}", inspected.warnings);
    }
    let cases = [
        ("a part is missing", vec![part(1, 2, first)]),
        ("the last part is missing", vec![part(1, 3, first), part(2, 3, second)]),
        ("wrong total", vec![part(1, 2, &profile)]),
        ("no total", vec![part(1, 0, &profile)]),
        ("numbered from zero", vec![part(0, 1, &profile)]),
        ("twice", vec![part(1, 2, first), part(1, 2, first)]),
        ("empty", vec![part(1, 1, &[])]),
        ("without number", vec![Vec::new()]),
        ("cut off", vec![part(1, 1, &profile[..profile.len() - 9])]),
    ];
    for (case, parts) in cases {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let inspected = accepted(&with_profile_parts(&parts));
        assert_eq!(inspected.warnings, [UNUSABLE], "{case}");
        assert_close(middle(&inspected.copy), SKIN, 4, case);
    }
    assert_eq!(accepted(include_bytes!("../fixtures/cases/icc-part-missing.jpg")).warnings, [UNUSABLE]);
}

#[test]
fn a_profile_for_other_samples_is_a_warning() {
    let grey = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let cases = files(&grey).into_iter().chain(files(&ColorProfile::new_lab().encode().unwrap_or_default()));
    for (format, bytes) in cases {
        let inspected = accepted(&bytes);
        assert_eq!(inspected.warnings, [UNUSABLE], "{format}");
        assert_close(middle(&inspected.copy), SKIN, 4, format);
    }
    let compressed = |data: &[u8]| [b"name\0\0", data].concat();
    let good = deflated(&ColorProfile::new_display_p3().encode().unwrap());
    let picture = png(flat(96, 96, SKIN));
    for (case, data) in [
        ("empty", compressed(&deflated(&[]))),
        ("not zlib", compressed(b"rubbish")),
        ("cut", compressed(&good[..60])),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(accepted(&with_chunks(&picture, &[chunk(*b"iCCP", &data)])).warnings, [UNUSABLE], "{case}");
    }
}

#[test]
fn a_grey_profile_is_applied_to_a_grey_picture() {
    let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let grey = DynamicImage::ImageRgb8(flat(96, 96, [55, 55, 55])).into_luma8();
    let inspected = accepted_without_warnings("grey", &png_with(&grey.into(), icc(profile)));
    assert_close(middle(&inspected.copy), [128, 128, 128], 3, "55 of 255 in linear light is half of a display's range");
}

#[test]
fn jpeg_colours_match_libjpeg() {
    let adobe = |transform: u8, file: &[u8]| {
        let jfif = file.starts_with(b"\xff\xd8\xff\xe0");
        let (start, rest) = file.split_at(if jfif { 20 } else { 2 });
        [start, b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0", &[transform], rest].concat()
    };
    let ycbcr = jpeg(&quadrants(96, 96));
    let without_jfif = [&ycbcr[..2], &ycbcr[20..]].concat();
    let mut cases = vec![
        ("RGB by component ids", include_bytes!("../fixtures/rgb-by-ids.jpg").to_vec()),
        ("RGB by Adobe", include_bytes!("../fixtures/rgb-by-adobe.jpg").to_vec()),
        ("JFIF takes precedence over ids", include_bytes!("../fixtures/ycbcr-by-jfif.jpg").to_vec()),
        ("neither JFIF nor Adobe", without_jfif.clone()),
        ("YCCK", include_bytes!("../fixtures/ycck.jpg").to_vec()),
    ];
    cases.extend([0, 1, 2, 3, 255].map(|transform| ("JFIF takes precedence over Adobe", adobe(transform, &ycbcr))));
    cases.extend([1, 2, 7].map(|transform| ("an unknown transform is YCbCr", adobe(transform, &without_jfif))));
    for (case, bytes) in cases {
        assert_quadrants(&accepted_without_warnings(case, &bytes), [RED, GREEN, BLUE, YELLOW], case);
    }
}

#[test]
fn cmyk_is_converted_with_its_profile() {
    let inspected = accepted_without_warnings("CMYK", include_bytes!("../fixtures/cases/cmyk-with-profile.jpg"));
    let expected = [[215, 29, 36], [0, 144, 69], [52, 47, 128], [0, 151, 218]];
    let copy = decoded(&inspected.copy);
    for (point, expected) in [(20, 20), (140, 20), (20, 100), (140, 100)].into_iter().zip(expected) {
        assert_close(copy.get_pixel(point.0, point.1).0, expected, 6, "CMYK");
    }
    let inspected = accepted_without_warnings("YCCK", include_bytes!("../fixtures/ycck-with-profile.jpg"));
    let printed = corners(&decoded(&inspected.copy));
    assert_ne!(printed, [RED, GREEN, BLUE, YELLOW]);
    assert_close(printed[0], [215, 29, 36], 8, "YCCK");
}

#[test]
fn cmyk_without_an_adobe_segment_is_read_as_in_browsers_with_a_warning() {
    let inspected = accepted(include_bytes!("../fixtures/cmyk-without-adobe.jpg"));
    assert_quadrants(&inspected, [RED, GREEN, BLUE, YELLOW], "CMYK without Adobe");
    assert!(inspected.warnings.len() == 1 && inspected.warnings[0].contains("CMYK"), "{:?}", inspected.warnings);
}

/// A PNG of one colour: `samples` is one pixel.
fn png_of_one(depth: u8, colour: u8, samples: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let rows: Vec<u8> = (0..96).flat_map(|_| std::iter::once(0).chain(samples.repeat(96))).collect();
    let mut all = vec![header(96, 96, depth, colour)];
    all.extend_from_slice(chunks);
    all.push(chunk(*b"IDAT", &deflated(&rows)));
    png_of(&all)
}

fn gamma(hundred_thousandths: u32) -> Vec<u8> {
    chunk(*b"gAMA", &hundred_thousandths.to_be_bytes())
}

#[test]
fn a_png_gamma_is_applied_to_every_kind_of_pixel_but_not_to_alpha() {
    // 55 of 255 in linear light equals 128 on a display.
    let (low, high) = (14_135_u16.to_be_bytes()[0], 14_135_u16.to_be_bytes()[1]);
    let palette = [gamma(100_000), chunk(*b"PLTE", &[55, 55, 55])];
    let cases = [
        ("RGB", png_of_one(8, 2, &[55, 55, 55], &[gamma(100_000)])),
        ("RGB, 16 bits", png_of_one(16, 2, &[low, high, low, high, low, high], &[gamma(100_000)])),
        ("grey", png_of_one(8, 0, &[55], &[gamma(100_000)])),
        ("grey, 16 bits", png_of_one(16, 0, &[low, high], &[gamma(100_000)])),
        ("grey and alpha", png_of_one(8, 4, &[55, 255], &[gamma(100_000)])),
        ("RGBA", png_of_one(8, 6, &[55, 55, 55, 255], &[gamma(100_000)])),
        ("RGBA, 16 bits", png_of_one(16, 6, &[low, high, low, high, low, high, 255, 255], &[gamma(100_000)])),
        ("palette", png_of_one(8, 3, &[0], &palette)),
    ];
    for (case, bytes) in cases {
        assert_close(middle(&accepted_without_warnings(case, &bytes).copy), [128, 128, 128], 3, case);
    }
    let half = accepted(&png_of_one(8, 6, &[0, 0, 0, 128], &[gamma(100_000)]));
    assert_close(middle(&half.copy), [127, 127, 127], 3, "alpha is unchanged");
}

#[test]
fn a_png_gamma_is_ignored_if_srgb_or_a_profile_is_given_or_it_is_a_displays() {
    let plain = [100, 150, 200];
    let profile = [b"p\0\0", &deflated(&ColorProfile::new_srgb().encode().unwrap())[..]].concat();
    let cases = [
        ("sRGB", vec![chunk(*b"sRGB", &[0]), gamma(100_000)]),
        ("iCCP", vec![gamma(100_000), chunk(*b"iCCP", &profile)]),
        ("cICP", vec![chunk(*b"cICP", &[1, 13, 0, 1]), gamma(100_000)]),
        ("the gamma of a display", vec![gamma(45_455)]),
        ("zero", vec![gamma(0)]),
        ("primaries of sRGB", vec![gamma(45_455), chromaticities([31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000])]),
        ("invalid primaries", vec![gamma(45_455), chromaticities([0; 8])]),
    ];
    for (case, chunks) in cases {
        assert_close(middle(&accepted(&png_of_one(8, 2, &plain, &chunks)).copy), plain, 3, case);
    }
}

fn chromaticities(values: [u32; 8]) -> Vec<u8> {
    chunk(*b"cHRM", &values.map(u32::to_be_bytes).concat())
}

#[test]
fn wide_primaries_of_a_png_become_srgb() {
    let adobe = chromaticities([31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000]);
    for (case, chunks) in [("cHRM", vec![gamma(45_455), adobe]), ("cICP", vec![chunk(*b"cICP", &[12, 13, 0, 1])])] {
        let [red, green, blue] = middle(&accepted(&png_of_one(8, 2, &SKIN, &chunks)).copy);
        assert!(red >= SKIN[0] + 6 && green.abs_diff(SKIN[1]) < 12 && blue < SKIN[2] + 3, "{case}: {red} {green} {blue}");
    }
}

#[test]
fn an_rgb_profile_is_not_applied_to_a_cmyk_picture() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let segment = [b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat();
    let plain = include_bytes!("../fixtures/cmyk.jpg");
    let inspected = accepted(&with_segment(plain, 0xe2, &segment));
    assert!(inspected.copy == accepted(plain).copy);
    assert_eq!(inspected.warnings, [UNUSABLE]);
}

#[test]
fn a_png_gamma_that_libpng_ignores_is_ignored() {
    let plain = png(flat(96, 96, [120, 120, 120]));
    let mut damaged = gamma(100_000);
    *damaged.last_mut().unwrap() ^= 1;
    let end = plain.len() - 12;
    let after = [&plain[..end], &gamma(100_000), &plain[end..]].concat();
    for (case, bytes) in [
        ("too small", with_chunks(&plain, &[gamma(1)])),
        ("too large", with_chunks(&plain, &[gamma(0x7fff_ffff)])),
        ("damaged", with_chunks(&plain, &[damaged])),
        ("after the pixels", after),
        ("the second", with_chunks(&plain, &[gamma(45_455), gamma(100_000)])),
    ] {
        assert_close(middle(&accepted(&bytes).copy), [120; 3], 2, case);
    }
}

const BARS: u32 = 12;

/// Horizontal bars of `colours` on a transparent background, with about as much outline as letters.
fn bars(colours: &[[u8; 4]]) -> RgbaImage {
    RgbaImage::from_fn(96, 96, |x, y| {
        let bar = (y / BARS) as usize;
        let colour = colours[bar % colours.len()];
        // The colour of transparent pixels must not matter: here it is the same as the bar's.
        if y % BARS < BARS / 2 && (8..88).contains(&x) { Rgba(colour) } else { Rgba([colour[0], colour[1], colour[2], 0]) }
    })
}

fn background(picture: impl Into<DynamicImage>) -> (u8, String) {
    let inspected = accepted(&png(picture));
    let [red, green, blue] = decoded(&inspected.copy).get_pixel(2, 2).0;
    assert!(red.abs_diff(green) < 4 && green.abs_diff(blue) < 4, "the background is grey");
    assert_eq!(inspected.warnings.len(), 1, "{:?}", inspected.warnings);
    (green, inspected.warnings[0].clone())
}

fn assert_visible(colours: &[[u8; 4]]) {
    let (background, warning) = background(bars(colours));
    for [red, green, blue, _] in colours {
        let brightness = (u32::from(*red) * 54 + u32::from(*green) * 183 + u32::from(*blue) * 19) / 256;
        assert!(brightness.abs_diff(u32::from(background)) >= 55, "{colours:?} on {background}");
    }
    assert!(warning.contains("transparent"), "{warning}");
}

const WHITE: [u8; 4] = [255, 255, 255, 255];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const MIDDLE: [u8; 4] = [128, 128, 128, 255];

#[test]
fn light_artwork_gets_a_black_background_and_other_artwork_white() {
    for light in [WHITE, [200, 200, 200, 255], [255, 240, 0, 255], [255, 255, 255, 160]] {
        assert!(background(bars(&[light])).0 < 8, "{light:?}");
    }
    for other in [BLACK, MIDDLE, [200, 0, 0, 255], [0, 0, 255, 255], [0, 0, 0, 100]] {
        assert!(background(bars(&[other])).0 > 247, "{other:?}");
    }
}

#[test]
fn mixed_artwork_gets_a_background_on_which_all_of_it_is_visible() {
    assert_visible(&[WHITE, BLACK]);
    assert_visible(&[WHITE, MIDDLE]);
    assert_visible(&[BLACK, MIDDLE]);
    assert_visible(&[WHITE, MIDDLE, BLACK]);
    assert_visible(&[[255, 240, 0, 255], [0, 0, 120, 255]]);
}

#[test]
fn the_inside_of_opaque_artwork_does_not_affect_the_background() {
    let badge = RgbaImage::from_fn(96, 96, |x, y| match (x, y) {
        (30..66, 30..66) => Rgba(WHITE),
        (8..88, 8..88) => Rgba([180, 0, 0, 255]),
        _ => Rgba([0, 0, 0, 0]),
    });
    assert!(background(badge).0 > 247, "white in red stays visible on white");
}

#[test]
fn soft_edges_and_evenly_transparent_pictures_stay_visible() {
    let soft = RgbaImage::from_fn(96, 96, |x, _| Rgba([255, 255, 255, u8::try_from(x * 2).unwrap()]));
    assert!(background(soft).0 < 30);
    assert!(background(RgbaImage::from_pixel(96, 96, Rgba([255, 255, 255, 40]))).0 < 60);
    assert!(background(RgbaImage::from_pixel(96, 96, Rgba([0, 0, 0, 40]))).0 > 200);
    assert!(background(RgbaImage::new(96, 96)).0 > 247, "fully transparent");
}

#[test]
fn every_format_with_transparency_is_flattened_in_the_same_way() {
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
fn an_opaque_alpha_channel_is_not_a_warning() {
    assert!(accepted(&png(RgbaImage::from_pixel(96, 96, Rgba(WHITE)))).warnings.is_empty());
}

#[test]
fn white_text_on_a_transparent_background_stays_visible() {
    let inspected = accepted(include_bytes!("../fixtures/cases/white-on-transparent.png"));
    let copy = decoded(&inspected.copy);
    let (light, dark) = copy.pixels().fold((0, 0), |(light, dark), pixel| match pixel.0[1] {
        200.. => (light + 1, dark),
        ..50 => (light, dark + 1),
        _ => (light, dark),
    });
    assert!(light > 500 && dark > 20_000, "{light} light, {dark} dark pixels");
}
