use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, metadata::Orientation};

use super::*;
use crate::{
    operation::Operation,
    refusal::Code,
    request::{ImageField, S3Object},
};

/// A picture with a red top left quarter.
fn picture(width: u32, height: u32) -> DynamicImage {
    let red = |x, y| x < width / 2 && y < height / 2;
    RgbImage::from_fn(width, height, |x, y| if red(x, y) { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) }).into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// Puts an EXIF segment with nothing but an orientation behind the start marker.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]].concat();
    let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &tiff, &jpeg[2..]].concat()
}

/// A JPEG of these sides that holds no pixel.
fn hollow_jpeg(width: u16, height: u16) -> Vec<u8> {
    let ([w0, w1], [h0, h1]) = (width.to_be_bytes(), height.to_be_bytes());
    [&[0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, h0, h1, w0, w1, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], [0xff, 0xd9].as_slice()].concat()
}

fn hollow_png(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat()
}

fn check(bytes: &[u8], operation: Operation) -> Result<(), Code> {
    Header::read(bytes).and_then(|header| header.check(operation)).map_err(|refusal| refusal.code)
}

fn decoded(bytes: &[u8]) -> Result<RgbImage, Code> {
    Header::read(bytes).and_then(|header| decode(bytes, &header)).map_err(|refusal| refusal.code)
}

#[test]
fn sides_of_80_to_10_000_pixels_pass() {
    for bytes in [hollow_jpeg(80, 10_000), hollow_png(10_000, 80)] {
        assert_eq!(check(&bytes, Operation::DetectLabels), Ok(()));
    }
    for bytes in [hollow_jpeg(79, 200), hollow_png(200, 79), encoded(&picture(79, 80), ImageFormat::Png)] {
        assert_eq!(check(&bytes, Operation::DetectText), Err(Code::InvalidParameter));
    }
    for bytes in [hollow_jpeg(10_001, 100), hollow_png(100, 10_001)] {
        assert_eq!(check(&bytes, Operation::DetectLabels), Err(Code::ImageTooLarge));
        assert_eq!(check(&bytes, Operation::DetectModerationLabels), Err(Code::ImageTooLarge));
        assert_eq!(check(&bytes, Operation::DetectFaces), Ok(()));
        assert_eq!(check(&bytes, Operation::DetectText), Ok(()));
    }
}

#[test]
fn pixel_bombs_are_refused_by_their_headers() {
    assert_eq!(check(&hollow_jpeg(65_500, 65_500), Operation::DetectFaces), Err(Code::NotSupportedLocally));
    assert_eq!(check(&hollow_png(u32::MAX, u32::MAX), Operation::DetectText), Err(Code::NotSupportedLocally));
    assert_eq!(check(&hollow_png(0, 100), Operation::DetectText), Err(Code::InvalidImageFormat));
    assert_eq!(check(&hollow_jpeg(0, 100), Operation::DetectText), Err(Code::InvalidImageFormat));
}

#[test]
fn other_formats_and_broken_files_are_invalid_formats() {
    let jpeg = encoded(&picture(100, 100), ImageFormat::Jpeg);
    let png = encoded(&picture(100, 100), ImageFormat::Png);
    let webp = encoded(&picture(100, 100), ImageFormat::WebP);
    let hollow = (hollow_jpeg(100, 100), hollow_png(100, 100));
    for bytes in
        [b"GIF89a".as_slice(), b"", &[0xff, 0xd8], &webp, &png[..20], &jpeg[..jpeg.len() / 2], &png[..png.len() / 2], &hollow.0, &hollow.1]
    {
        assert_eq!(decoded(bytes), Err(Code::InvalidImageFormat), "{} bytes", bytes.len());
    }
}

#[test]
fn files_cut_anywhere_are_refused_and_never_panic() {
    for bytes in [encoded(&picture(90, 80), ImageFormat::Jpeg), encoded(&picture(90, 80), ImageFormat::Png)] {
        for length in 0..bytes.len() - 16 {
            assert_eq!(decoded(&bytes[..length]), Err(Code::InvalidImageFormat), "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_jpeg_is_turned_as_its_exif_says() {
    let jpeg = encoded(&picture(120, 80), ImageFormat::Jpeg);
    let red_at = |image: &RgbImage, x: u32, y: u32| image.get_pixel(x, y)[0] > 128;
    for (orientation, size, x, y) in [
        (1, (120, 80), 10, 10),
        (3, (120, 80), 110, 70),
        (6, (80, 120), 70, 10),
        (8, (80, 120), 10, 110),
        (2, (120, 80), 110, 10),
        (99, (120, 80), 10, 10),
    ] {
        let image = decoded(&with_orientation(&jpeg, orientation)).unwrap();
        assert_eq!(image.dimensions(), size, "orientation {orientation}");
        assert!(red_at(&image, x, y), "orientation {orientation}");
    }
    assert_eq!(Header::read(&jpeg).unwrap().orientation, Orientation::NoTransforms);
}

#[test]
fn large_images_are_shrunk_and_all_pixel_kinds_become_rgb() {
    assert_eq!(decoded(&encoded(&picture(4000, 1000), ImageFormat::Jpeg)).unwrap().dimensions(), (2048, 512));
    let kinds =
        [DynamicImage::from(picture(90, 90).to_luma8()), picture(90, 90).to_rgba16().into(), picture(90, 90).to_luma_alpha8().into()];
    for image in kinds {
        assert_eq!(decoded(&encoded(&image, ImageFormat::Png)).unwrap().dimensions(), (90, 90));
    }
    assert!(decoded(&encoded(&picture(90, 90).to_luma8().into(), ImageFormat::Jpeg)).is_ok());
}

fn code_of(image: Option<&ImageField<'_>>) -> Code {
    source(image).expect_err("should be refused").code
}

#[test]
fn an_image_is_given_in_exactly_one_way() {
    let object = || Some(S3Object { bucket: Some("b".into()), name: Some("k".into()), version: None });
    assert_eq!(code_of(None), Code::InvalidParameter);
    assert_eq!(code_of(Some(&ImageField::default())), Code::InvalidParameter);
    assert_eq!(code_of(Some(&ImageField { bytes: Some("aGk=".into()), s3_object: object() })), Code::InvalidParameter);
    assert_eq!(code_of(Some(&ImageField { bytes: None, s3_object: Some(S3Object::default()) })), Code::InvalidParameter);
    assert_eq!(code_of(Some(&ImageField { bytes: Some("".into()), s3_object: None })), Code::InvalidParameter);
    assert_eq!(code_of(Some(&ImageField { bytes: Some("no base64!".into()), s3_object: None })), Code::Serialization);
    assert!(source(Some(&ImageField { bytes: None, s3_object: object() })).is_ok());
}

#[test]
fn inline_bytes_are_5_mb_at_most() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let field = |size| ImageField { bytes: Some(BASE64_STANDARD.encode(vec![0; size]).into()), s3_object: None };
    assert!(source(Some(&field(5 * 1024 * 1024))).is_ok());
    assert_eq!(code_of(Some(&field(5 * 1024 * 1024 + 1))), Code::ImageTooLarge);
}
