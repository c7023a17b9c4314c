//! Colour profiles: everything that comes out is sRGB.

use crate::pictures::*;
use moxcms::ColorProfile;

const SKIN: [u8; 3] = [200, 120, 90];

fn files(profile: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let picture = flat(96, 96, SKIN);
    [
        ("JPEG", jpeg_with(&picture, icc(profile.to_vec()))),
        ("PNG", png_with(&picture.clone().into(), icc(profile.to_vec()))),
        ("WebP", webp_with(&picture, icc(profile.to_vec()))),
    ]
}

fn middle(jpeg: &[u8]) -> [u8; 3] {
    decoded(jpeg).get_pixel(48, 48).0
}

#[test]
fn display_p3_becomes_srgb() {
    for (format, bytes) in files(&ColorProfile::new_display_p3().encode().unwrap()) {
        let inspected = accepted(&bytes);
        assert!(inspected.warnings.is_empty(), "{format}: {:?}", inspected.warnings);
        let [red, green, blue] = middle(&inspected.copy);
        // P3 is wider: the same colour needs more extreme values in sRGB.
        assert!(red >= SKIN[0] + 6 && green < SKIN[1] && blue < SKIN[2], "{format}: {red} {green} {blue}");
        assert_close(middle(&inspected.thumbnail), [red, green, blue], 3, format);
    }
}

#[test]
fn srgb_stays_as_it_is() {
    for (format, bytes) in files(&ColorProfile::new_srgb().encode().unwrap()) {
        let inspected = accepted(&bytes);
        assert!(inspected.warnings.is_empty(), "{format}: {:?}", inspected.warnings);
        assert_close(middle(&inspected.copy), SKIN, 4, format);
    }
}

#[test]
fn a_broken_profile_is_a_warning_and_leaves_the_pixels_alone() {
    let good = ColorProfile::new_display_p3().encode().unwrap();
    for (case, profile) in [("cut off", good[..100].to_vec()), ("rubbish", vec![7; 500])] {
        for (format, bytes) in files(&profile) {
            let inspected = accepted(&bytes);
            assert_eq!(inspected.warnings, ["the colour profile cannot be used; colours may be off"], "{case}, {format}");
            assert_close(middle(&inspected.copy), SKIN, 4, case);
        }
    }
}

#[test]
fn a_grey_profile_leaves_a_grey_picture_alone() {
    let grey = image::DynamicImage::ImageRgb8(flat(96, 96, [90, 90, 90])).into_luma8();
    let profile = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let inspected = accepted(&png_with(&grey.into(), icc(profile)));
    assert_close(middle(&inspected.copy), [90, 90, 90], 3, "grey");
}

const UNUSABLE: &str = "the colour profile cannot be used; colours may be off";

/// A JPEG with these segments of a profile, each with its number and count in front.
fn with_profile_parts(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().rev().fold(jpeg(&flat(96, 96, SKIN)), |file, part| with_segment(&file, 0xe2, &[b"ICC_PROFILE\0", *part].concat()))
}

#[test]
fn a_profile_in_parts_is_used_when_complete_and_warned_of_otherwise() {
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
        ("numbered from nought", vec![part(0, 1, &profile)]),
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
fn a_profile_of_other_samples_than_the_picture_has_is_warned_of() {
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
        ("rubbish", compressed(b"rubbish")),
        ("cut", compressed(&good[..60])),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(accepted(&with_chunks(&picture, &[chunk(*b"iCCP", &data)])).warnings, [UNUSABLE], "{case}");
    }
}

#[test]
fn a_grey_profile_is_applied_to_a_grey_picture() {
    let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let grey = image::DynamicImage::ImageRgb8(flat(96, 96, [55, 55, 55])).into_luma8();
    let inspected = accepted(&png_with(&grey.into(), icc(profile)));
    assert!(inspected.warnings.is_empty(), "{:?}", inspected.warnings);
    assert_close(middle(&inspected.copy), [128, 128, 128], 3, "55 of 255 in linear light is half of a display's range");
}

#[test]
fn the_colours_of_a_jpeg_are_those_that_libjpeg_shows() {
    let adobe = |transform: u8, file: &[u8]| {
        let jfif = file.starts_with(b"\xff\xd8\xff\xe0");
        let (start, rest) = file.split_at(if jfif { 20 } else { 2 });
        [start, b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0", &[transform], rest].concat()
    };
    let ycbcr = jpeg(&quadrants(96, 96));
    let without_jfif = [&ycbcr[..2], &ycbcr[20..]].concat();
    let mut cases = vec![
        ("RGB by its ids", include_bytes!("../fixtures/rgb-by-ids.jpg").to_vec()),
        ("RGB by Adobe", include_bytes!("../fixtures/rgb-by-adobe.jpg").to_vec()),
        ("JFIF outranks the ids", include_bytes!("../fixtures/ycbcr-by-jfif.jpg").to_vec()),
        ("neither JFIF nor Adobe", without_jfif.clone()),
        ("YCCK", include_bytes!("../fixtures/ycck.jpg").to_vec()),
    ];
    cases.extend([0, 1, 2, 3, 255].map(|transform| ("JFIF outranks Adobe", adobe(transform, &ycbcr))));
    cases.extend([1, 2, 7].map(|transform| ("an unknown transform is YCbCr", adobe(transform, &without_jfif))));
    for (case, bytes) in cases {
        let inspected = take("raw-uploads/x", &bytes).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
        assert_quadrants(&inspected, [RED, GREEN, BLUE, YELLOW], case);
        assert!(inspected.warnings.is_empty(), "{case}: {:?}", inspected.warnings);
    }
}

#[test]
fn inks_are_converted_by_their_profile() {
    let inspected = accepted(include_bytes!("../fixtures/cases/cmyk-with-profile.jpg"));
    assert!(inspected.warnings.is_empty(), "{:?}", inspected.warnings);
    let expected = [[215, 29, 36], [0, 144, 69], [52, 47, 128], [0, 151, 218]];
    let copy = decoded(&inspected.copy);
    for (place, expected) in [(20, 20), (140, 20), (20, 100), (140, 100)].into_iter().zip(expected) {
        assert_close(copy.get_pixel(place.0, place.1).0, expected, 6, "CMYK");
    }
    let inspected = accepted(include_bytes!("../fixtures/ycck-with-profile.jpg"));
    let printed = corners(&decoded(&inspected.copy));
    assert!(inspected.warnings.is_empty() && printed != [RED, GREEN, BLUE, YELLOW], "{:?}", inspected.warnings);
    assert_close(printed[0], [215, 29, 36], 8, "YCCK");
}

#[test]
fn inks_without_an_adobe_segment_are_read_as_browsers_do_and_warned_of() {
    let inspected = accepted(include_bytes!("../fixtures/cmyk-without-adobe.jpg"));
    assert_quadrants(&inspected, [RED, GREEN, BLUE, YELLOW], "CMYK without Adobe");
    assert!(inspected.warnings.len() == 1 && inspected.warnings[0].contains("CMYK"), "{:?}", inspected.warnings);
}

/// A PNG of one colour: `samples` is a pixel.
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
    // In linear light 55 of 255 is the 128 of a display.
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
        let inspected = accepted(&bytes);
        assert_close(middle(&inspected.copy), [128, 128, 128], 3, case);
        assert!(inspected.warnings.is_empty(), "{case}: {:?}", inspected.warnings);
    }
    let half = accepted(&png_of_one(8, 6, &[0, 0, 0, 128], &[gamma(100_000)]));
    assert_close(middle(&half.copy), [127, 127, 127], 3, "alpha is no light");
}

#[test]
fn a_png_gamma_gives_way_to_srgb_to_a_profile_and_to_one_that_is_a_displays() {
    let plain = [100, 150, 200];
    let profile = [b"p\0\0", &deflated(&ColorProfile::new_srgb().encode().unwrap())[..]].concat();
    let cases = [
        ("sRGB", vec![chunk(*b"sRGB", &[0]), gamma(100_000)]),
        ("iCCP", vec![gamma(100_000), chunk(*b"iCCP", &profile)]),
        ("cICP", vec![chunk(*b"cICP", &[1, 13, 0, 1]), gamma(100_000)]),
        ("that of a display", vec![gamma(45_455)]),
        ("nought", vec![gamma(0)]),
        ("primaries of sRGB", vec![gamma(45_455), chromaticities([31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000])]),
        ("primaries that are none", vec![gamma(45_455), chromaticities([0; 8])]),
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
fn a_profile_on_a_cmyk_picture_is_not_applied_to_its_rgb_pixels() {
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
    let behind = [&plain[..end], &gamma(100_000), &plain[end..]].concat();
    for (case, bytes) in [
        ("too small", with_chunks(&plain, &[gamma(1)])),
        ("too large", with_chunks(&plain, &[gamma(0x7fff_ffff)])),
        ("damaged", with_chunks(&plain, &[damaged])),
        ("behind the pixels", behind),
        ("the second", with_chunks(&plain, &[gamma(45_455), gamma(100_000)])),
    ] {
        assert_close(middle(&accepted(&bytes).copy), [120; 3], 2, case);
    }
}
