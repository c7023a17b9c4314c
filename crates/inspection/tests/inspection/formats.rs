//! Formats are detected by content, never by name (fault matrix, rows 7, 8, 9, 12 and 14).

use crate::pictures::*;
use base64::{Engine, prelude::BASE64_STANDARD};
use image::{DynamicImage, ImageBuffer, Rgb, Rgba, RgbaImage};
use sightline_domain::model::{ImageFormat, ReasonCode};
use sightline_inspection::picture::check_bytes;

const QUADRANTS: [[u8; 3]; 4] = [RED, GREEN, BLUE, YELLOW];

/// Injected: twelve kinds of content with the name photo.png: text, SVG with and without a
/// prolog, HTML, PDF, ZIP, zeros, GIF, HEIC, AVIF, BMP, TIFF.
/// Seen: NOT_AN_IMAGE or UNSUPPORTED_FORMAT, depending on the content.
#[test]
fn row_07_row_08_unsupported_content_is_rejected_whatever_its_name() {
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
        assert_eq!(inspected("raw-uploads/photo.png", &bytes).err().map(|rejection| rejection.code), Some(code), "{case}");
    }
}

/// Injected: sizes of 0 bytes, 15 MB, and more.
/// Seen: EMPTY_FILE and TOO_LARGE, without reading the file.
#[test]
fn row_08_row_11_empty_and_too_large_files_are_rejected_by_size_alone() {
    let code = |size| check_bytes(size, &LIMITS).err().map(|rejection| rejection.code);
    assert_eq!(code(0), Some(ReasonCode::EmptyFile));
    assert_eq!(code(1), None);
    assert_eq!(code(15_728_640), None);
    assert_eq!(code(15_728_641), Some(ReasonCode::TooLarge));
    assert_eq!(code(16 * 1024 * 1024), Some(ReasonCode::TooLarge));
    assert_eq!(code(u64::MAX), Some(ReasonCode::TooLarge));
}

/// Injected: JPEG, PNG and WebP with right and wrong extensions.
/// Seen: accepted; a warning if the extension is wrong.
#[test]
fn row_09_an_extension_that_does_not_match_the_content_is_a_warning() {
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
        ("no-extension", &png, ImageFormat::Png, false),
        ("dir.jpg/no-extension", &png, ImageFormat::Png, false),
    ];
    for (name, bytes, format, warned) in cases {
        let inspected = inspected(&format!("raw-uploads/{name}"), bytes).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        assert_eq!(inspected.format, format, "{name}");
        assert_eq!(!inspected.warnings.is_empty(), warned, "{name}: {:?}", inspected.warnings);
    }
}

/// Injected: CMYK, progressive, 16-bit, lossless, lossy and animated pictures.
/// Seen: the first frame of each as an sRGB JPEG with the right colours.
#[test]
fn row_09_row_12_every_kind_of_image_becomes_an_srgb_jpeg() {
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
        let inspected = accepted_without_warnings(case, &bytes);
        assert_eq!((inspected.width, inspected.height), (96, 96), "{case}");
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

/// Injected: a palette PNG with a transparent colour.
/// Seen: accepted; the transparent part is white.
#[test]
fn row_12_a_palette_with_transparency_is_accepted() {
    // Index 0 is red, index 1 is fully transparent green.
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
fn a_one_bit_png_is_accepted() {
    let rows: Vec<u8> = (0..96).flat_map(|_| [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]).collect();
    let bytes = png_of(&[header(96, 96, 1, 0), chunk(*b"IDAT", &deflated(&rows))]);
    let (black, white) = ([0, 0, 0], [255, 255, 255]);
    assert_quadrants(&accepted(&bytes), [white, black, white, black], "one bit");
}

fn rejection(bytes: &[u8]) -> (ReasonCode, String) {
    let rejection = inspected("raw-uploads/photo.jpg", bytes).err().unwrap_or_else(|| panic!("accepted"));
    (rejection.code, rejection.detail)
}

fn iso_media(major: [u8; 4], compatible: &[&[u8; 4]]) -> Vec<u8> {
    let compatible: Vec<u8> = compatible.iter().copied().flatten().copied().collect();
    let brands = [major.as_slice(), &[0; 4], &compatible].concat();
    [&u32::try_from(brands.len() + 8).unwrap().to_be_bytes()[..], b"ftyp", &brands, &[0; 64]].concat()
}

#[test]
fn heif_and_avif_are_recognised_by_any_brand_with_conversion_advice() {
    let heif = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1", b"heif", b"avci"];
    let mut cases: Vec<(Vec<u8>, &str)> = heif.iter().map(|brand| (iso_media(**brand, &[]), "image/heif")).collect();
    cases.extend([
        (iso_media(*b"isom", &[b"heic"]), "image/heif"),
        (iso_media(*b"mif1", &[b"mif1", b"heic"]), "image/heif"),
        (iso_media(*b"avif", &[b"mif1"]), "image/avif"),
        (iso_media(*b"avis", &[b"msf1"]), "image/avif"),
        (iso_media(*b"mif1", &[b"avif", b"miaf"]), "image/avif"),
        (iso_media(*b"msf1", &[b"msf1", b"avis"]), "image/avif"),
        (include_bytes!("../fixtures/cases/heif-hevc.jpg").to_vec(), "image/heif"),
    ]);
    for (bytes, media_type) in cases {
        let (code, detail) = rejection(&bytes);
        assert_eq!(code, ReasonCode::UnsupportedFormat, "{detail}");
        assert!(detail.contains(media_type) && detail.contains("convert it"), "{detail}");
    }
    assert_eq!(rejection(&iso_media(*b"isom", &[b"iso2", b"mp41"])).0, ReasonCode::NotAnImage, "a video");
}

#[test]
fn other_image_formats_are_named() {
    let cases: [(&[u8], &str); 13] = [
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51", "JPEG 2000"),
        (b"BM\x36\0\0\0", "BMP"),
        (b"GIF87a", "GIF"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"8BPS\0\x01", "Photoshop"),
        (b"II*\0\x10\0\0\0CR\x02\0", "raw file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "raw file"),
        (b"FUJIFILMCCD-RAW 0201", "raw file"),
        (b"\0\0\x01\0\x01\0", "icon"),
    ];
    for (bytes, name) in cases {
        let (code, detail) = rejection(bytes);
        assert_eq!(code, ReasonCode::UnsupportedFormat, "{name}: {detail}");
        assert!(detail.contains(name), "{name}: {detail}");
    }
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[test]
fn an_image_in_a_transport_encoding_is_rejected_with_advice() {
    let picture = jpeg(&quadrants(96, 96));
    let text = base64(&picture);
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let form =
        ["--b0undary\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".as_bytes(), &picture, b"\r\n--b0undary--\r\n"].concat();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 12345\n".to_vec();
    let as_text = String::from_utf8_lossy(&picture).into_owned().into_bytes();
    let latin = picture.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.bytes().flat_map(|byte| [byte, 0])).collect();
    let mail_part = b"\r\n--b\r\nContent-ID: <1>\r\n\r\n".as_slice();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (text.clone().into_bytes(), "base64 text of an image (JPEG)"),
        (lines.join("\r\n").into_bytes(), "base64 text of an image (JPEG)"),
        (format!("\u{feff}\n{text}").into_bytes(), "base64 text of an image (JPEG)"),
        (text.replace('+', "-").replace('/', "_").into_bytes(), "base64 text of an image (JPEG)"),
        (format!("{{\"name\":\"a.jpg\",\"image\":\"{text}\"}}").into_bytes(), "base64 text of an image (JPEG)"),
        (format!("image={}", text.replace('+', "%2B").replace('/', "%2F")).into_bytes(), "base64 text of an image (JPEG)"),
        (base64(&png(quadrants(96, 96))).into_bytes(), "base64 text of an image (PNG)"),
        (base64(&webp(&quadrants(96, 96))).into_bytes(), "base64 text of an image (WebP)"),
        (base64(&deflated(&[7; 9_000])).repeat(9).into_bytes(), "base64 text"),
        (format!("data:image/jpeg;base64,{text}").into_bytes(), "data URL"),
        (form, "multipart form"),
        (pointer, "Git LFS pointer"),
        ([b"\x1f\x8b\x08\0", &picture[..]].concat(), "gzip"),
        (["400;chunk-signature=0a1b\r\n".as_bytes(), &picture].concat(), "aws-chunked"),
        (as_text, "not as UTF-8 text"),
        (latin, "converted to UTF-8"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>".to_vec(), "HTML page"),
        (b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>".to_vec(), "an S3 error response"),
        (b"{\"message\":\"Forbidden\"}".to_vec(), "JSON"),
        (b"%PDF-1.7\n".to_vec(), "PDF"),
        (["This is a message in MIME format.\r\n".as_bytes(), mail_part, &picture].concat(), "multipart form"),
        (["Content-Type: multipart/form-data; boundary=b\r\n".as_bytes(), mail_part, &picture].concat(), "multipart form"),
        (utf16, "base64 text of an image (JPEG)"),
        ([b"\r\n", &picture[..]].concat(), "an image (JPEG) after an empty line or a byte order mark"),
        ([b"\xef\xbb\xbf", &picture[..]].concat(), "an image (JPEG) after an empty line or a byte order mark"),
        (b"version https://hawser.github.com/spec/v1\n".to_vec(), "a Git LFS pointer"),
        (hex::encode_upper(&picture).into_bytes(), "hexadecimal text of an image"),
    ];
    for (bytes, hint) in cases {
        let (code, detail) = rejection(&bytes);
        assert_eq!(code, ReasonCode::NotAnImage, "{hint}: {detail}");
        assert!(detail.contains(hint), "{hint}: {detail}");
    }
}

#[test]
fn plain_text_is_not_mistaken_for_base64() {
    for text in ["just some text", &"The quick brown fox jumps over the lazy dog. ".repeat(20), "name,size\nphoto,12\n"] {
        assert_eq!(rejection(text.as_bytes()).1, "the content is not in any known image format");
    }
}

const HTML: &[u8] = b"<html><body><script>alert(document.domain)</script></body></html>";

/// Injected: HTML after the image and in text chunks, comments and application segments of JPEG, PNG and WebP.
/// Seen: the copies contain none of it.
#[test]
fn row_14_the_copies_of_a_polyglot_contain_only_the_picture() {
    let picture = noise(120, 120);
    let with_html = |file: Vec<u8>| [&file[..], HTML].concat();
    let text = chunk(*b"tEXt", &[b"Comment\0", HTML].concat());
    let private = chunk(*b"prVt", HTML);
    let cases = [
        ("PNG with HTML after it", with_html(png(picture.clone()))),
        ("JPEG with HTML after it", with_html(jpeg(&picture))),
        ("WebP with HTML after it", with_html(webp(&picture))),
        ("PNG with HTML in a text and a private chunk", with_chunks(&png(picture.clone()), &[text, private])),
        ("JPEG with HTML in a comment", with_segment(&jpeg(&picture), 0xfe, HTML)),
        ("JPEG with HTML in an application segment", with_segment(&jpeg(&picture), 0xef, HTML)),
    ];
    for (case, bytes) in cases {
        assert!(contains(&bytes, b"<script>"), "{case}: the file contains the HTML");
        let inspected = inspected("raw-uploads/x.png", &bytes).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
        for copy in [&inspected.copy, &inspected.thumbnail] {
            assert!(!contains(copy, b"script") && !contains(copy, b"html"), "{case}");
            assert!(copy.starts_with(&[0xff, 0xd8, 0xff]) && copy.ends_with(&[0xff, 0xd9]), "{case}");
        }
    }
}

#[test]
fn a_jpeg_after_other_content_is_not_an_image() {
    let bytes = [HTML, &jpeg(&noise(100, 100))].concat();
    assert_eq!(rejected(&bytes), ReasonCode::NotAnImage);
}
