//! Rows 8, 9 and 12: what is taken, by content and never by name.

use crate::pictures::*;
use image::{DynamicImage, ImageBuffer, LumaA, Rgb, Rgba, RgbaImage};
use inspect_image::inspect::check_bytes;
use sightline_domain::{image::ImageFormat, rejection::ReasonCode};

const QUADRANTS: [[u8; 3]; 4] = [RED, GREEN, BLUE, YELLOW];

/// Injected: twelve kinds of content named .png: text, SVG, HTML, PDF, ZIP, zeros, GIF, HEIC, AVIF, BMP, TIFF.
/// Seen: NOT_AN_IMAGE or UNSUPPORTED_FORMAT, by content.
#[test]
fn row_07_row_08_what_is_no_image_of_ours_is_refused_by_its_content() {
    let svg = br#"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><rect/></svg>"#;
    let brand = |brand: &[u8; 4]| [b"\0\0\0\x1cftyp", &brand[..], b"\0\0\0\0", brand, b"mif1miaf", &[0; 64]].concat();
    let cases: [(&str, Vec<u8>, ReasonCode); 12] = [
        ("text", b"just some text, named .png".to_vec(), ReasonCode::NotAnImage),
        ("SVG", svg.to_vec(), ReasonCode::NotAnImage),
        ("SVG without a prolog", svg[21..].to_vec(), ReasonCode::NotAnImage),
        ("HTML", b"<!DOCTYPE html><html><body>hello</body></html>".to_vec(), ReasonCode::NotAnImage),
        ("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj".to_vec(), ReasonCode::NotAnImage),
        ("ZIP", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), ReasonCode::NotAnImage),
        ("zeros", vec![0; 4096], ReasonCode::NotAnImage),
        ("GIF", b"GIF89a\x64\0\x64\0\xf7\0\0".to_vec(), ReasonCode::UnsupportedFormat),
        ("HEIC", brand(b"heic"), ReasonCode::UnsupportedFormat),
        ("AVIF", brand(b"avif"), ReasonCode::UnsupportedFormat),
        ("BMP", b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec(), ReasonCode::UnsupportedFormat),
        ("TIFF", b"II*\0\x08\0\0\0\0\0\0\0\0\0\0\0".to_vec(), ReasonCode::UnsupportedFormat),
    ];
    for (case, bytes, code) in cases {
        assert_eq!(take("raw-uploads/photo.png", &bytes).err().map(|rejection| rejection.code), Some(code), "{case}");
    }
}

/// Injected: sizes of 0 bytes, 15 MB, and above.
/// Seen: EMPTY_FILE and TOO_LARGE, without a byte read.
#[test]
fn row_08_row_11_an_empty_and_a_too_large_file_are_refused_by_their_size_alone() {
    let code = |size| check_bytes(size, &LIMITS).err().map(|rejection| rejection.code);
    assert_eq!(code(0), Some(ReasonCode::EmptyFile));
    assert_eq!(code(1), None);
    assert_eq!(code(15_728_640), None);
    assert_eq!(code(15_728_641), Some(ReasonCode::TooLarge));
    assert_eq!(code(16 * 1024 * 1024), Some(ReasonCode::TooLarge));
    assert_eq!(code(u64::MAX), Some(ReasonCode::TooLarge));
}

/// Injected: JPEG, PNG and WebP under right and wrong endings.
/// Seen: accepted by content; a warning where the name says otherwise.
#[test]
fn row_09_a_name_that_does_not_fit_the_content_is_a_warning() {
    let picture = quadrants(100, 100);
    let (jpeg, png, webp) = (jpeg(&picture), png(picture.clone()), webp(&picture));
    let cases = [
        ("a.jpg", &jpeg, ImageFormat::Jpeg, false),
        ("a.JPEG", &jpeg, ImageFormat::Jpeg, false),
        ("a.heic", &jpeg, ImageFormat::Jpeg, true),
        ("a.png", &jpeg, ImageFormat::Jpeg, true),
        ("a.jpg", &png, ImageFormat::Png, true),
        ("a.Png", &png, ImageFormat::Png, false),
        ("a.webp", &webp, ImageFormat::WebP, false),
        ("a.jpg", &webp, ImageFormat::WebP, true),
        ("no-ending", &png, ImageFormat::Png, false),
        ("dir.jpg/no-ending", &png, ImageFormat::Png, false),
    ];
    for (name, bytes, format, warned) in cases {
        let inspected = take(&format!("raw-uploads/{name}"), bytes).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        assert_eq!(inspected.format, format, "{name}");
        assert_eq!(!inspected.warnings.is_empty(), warned, "{name}: {:?}", inspected.warnings);
    }
}

/// Injected: CMYK, progressive, 16-bit, lossless, lossy and animated pictures.
/// Seen: the first frame of each, in sRGB, with the right colours.
#[test]
fn row_09_row_12_every_kind_of_picture_comes_out_as_an_srgb_jpeg() {
    let rgb = quadrants(96, 96);
    let wide = ImageBuffer::from_fn(96, 96, |x, y| Rgb(rgb.get_pixel(x, y).0.map(|channel| u16::from(channel) * 257)));
    let rgba = RgbaImage::from_fn(96, 96, |x, y| {
        let [red, green, blue] = rgb.get_pixel(x, y).0;
        Rgba([red, green, blue, 255])
    });
    let wide_alpha = DynamicImage::ImageRgba8(rgba.clone()).into_rgba16();
    let cases: [(&str, Vec<u8>); 11] = [
        ("RGB JPEG", jpeg(&rgb)),
        ("progressive JPEG", include_bytes!("../fixtures/progressive.jpg").to_vec()),
        ("CMYK JPEG", include_bytes!("../fixtures/cmyk.jpg").to_vec()),
        ("RGB PNG", png(rgb.clone())),
        ("16-bit PNG", png(DynamicImage::ImageRgb16(wide))),
        ("RGBA PNG", png(rgba)),
        ("16-bit RGBA PNG", png(wide_alpha)),
        ("lossless WebP", webp(&rgb)),
        ("lossy WebP", include_bytes!("../fixtures/lossy.webp").to_vec()),
        ("animated PNG", include_bytes!("../fixtures/animated.png").to_vec()),
        ("animated WebP", include_bytes!("../fixtures/animated.webp").to_vec()),
    ];
    for (case, bytes) in cases {
        let inspected = take("raw-uploads/x", &bytes).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
        assert_eq!((inspected.width, inspected.height), (96, 96), "{case}");
        assert!(inspected.warnings.is_empty(), "{case}: {:?}", inspected.warnings);
        assert_quadrants(&inspected, QUADRANTS, case);
    }
}

#[test]
fn grey_pictures_stay_grey() {
    let grey = |bytes: &[u8], case: &str| {
        for [red, green, blue] in corners(&decoded(&accepted(bytes).copy)) {
            assert!(red.abs_diff(green) < 4 && green.abs_diff(blue) < 4, "{case}: {red} {green} {blue}");
        }
    };
    grey(include_bytes!("../fixtures/grey.jpg"), "grey JPEG");
    grey(&png(DynamicImage::ImageRgb8(quadrants(96, 96)).into_luma8()), "grey PNG");
    grey(&png(DynamicImage::ImageRgb8(quadrants(96, 96)).into_luma16()), "16-bit grey PNG");
}

#[test]
fn behind_what_is_transparent_lies_white() {
    let half = RgbaImage::from_fn(96, 96, |x, _| if x < 48 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) });
    let grey_half = ImageBuffer::from_fn(96, 96, |x, _| if x < 48 { LumaA([0_u8, 255]) } else { LumaA([0, 128]) });
    let white = [255, 255, 255];
    assert_quadrants(&accepted(&png(half)), [RED, white, RED, white], "RGBA");
    let (black, middle) = ([0, 0, 0], [127, 127, 127]);
    assert_quadrants(&accepted(&png(DynamicImage::ImageLumaA8(grey_half))), [black, middle, black, middle], "grey and alpha");
}

/// Injected: a palette PNG with a transparent colour.
/// Seen: accepted, white where it was transparent.
#[test]
fn row_12_a_palette_with_transparency_is_taken() {
    // Index 0 is red, 1 is wholly transparent green.
    let rows: Vec<u8> = (0..96).flat_map(|_| std::iter::once(0).chain((0..96).map(|x| u8::from(x >= 48)))).collect();
    let bytes = png_of(&[
        header(96, 96, 8, 3),
        chunk(*b"PLTE", &[255, 0, 0, 0, 255, 0]),
        chunk(*b"tRNS", &[255, 0]),
        chunk(*b"IDAT", &deflated(&rows)),
    ]);
    let white = [255, 255, 255];
    assert_quadrants(&accepted(&bytes), [RED, white, RED, white], "palette");
}

#[test]
fn a_picture_of_one_bit_is_taken() {
    let rows: Vec<u8> = (0..96).flat_map(|_| [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]).collect();
    let bytes = png_of(&[header(96, 96, 1, 0), chunk(*b"IDAT", &deflated(&rows))]);
    let (black, white) = ([0, 0, 0], [255, 255, 255]);
    assert_quadrants(&accepted(&bytes), [white, black, white, black], "one bit");
}
