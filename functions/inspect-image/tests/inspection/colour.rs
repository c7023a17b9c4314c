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

#[test]
fn a_profile_on_a_cmyk_picture_is_not_applied_to_its_rgb_pixels() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let segment = [b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat();
    let plain = include_bytes!("../fixtures/cmyk.jpg");
    assert!(accepted(&with_segment(plain, 0xe2, &segment)).copy == accepted(plain).copy);
}
