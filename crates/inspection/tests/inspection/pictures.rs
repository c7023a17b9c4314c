//! Makes pictures and files, and compares copies.

use image::{DynamicImage, ImageEncoder, Rgb, RgbImage, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder, codecs::webp::WebPEncoder};
use sightline_domain::model::{ReasonCode, Rejection};
use sightline_inspection::{Inspected, inspect, picture::Limits};
use std::io::Write;

pub const RED: [u8; 3] = [255, 0, 0];
pub const GREEN: [u8; 3] = [0, 255, 0];
pub const BLUE: [u8; 3] = [0, 0, 255];
pub const YELLOW: [u8; 3] = [255, 255, 0];

/// The default settings.
pub const LIMITS: Limits = Limits { max_bytes: 15_728_640, max_pixels: 50_000_000 };

/// Metadata of a file.
#[derive(Default, Clone)]
pub struct Extras {
    pub exif: Option<Vec<u8>>,
    pub icc: Option<Vec<u8>>,
}

pub fn exif(exif: Vec<u8>) -> Extras {
    Extras { exif: Some(exif), icc: None }
}

pub fn icc(icc: Vec<u8>) -> Extras {
    Extras { exif: None, icc: Some(icc) }
}

/// Red and green at the top, blue and yellow at the bottom.
pub fn quadrants(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => YELLOW,
        })
    })
}

/// A picture whose rows all differ, so that a missing part is detected.
pub fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 0x2545_f491_u32;
    RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        Rgb([a, b, c])
    })
}

pub fn flat(width: u32, height: u32, colour: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb(colour))
}

fn encode(mut encoder: impl ImageEncoder, picture: &DynamicImage, extras: Extras) {
    if let Some(exif) = extras.exif {
        encoder.set_exif_metadata(exif).unwrap();
    }
    if let Some(icc) = extras.icc {
        encoder.set_icc_profile(icc).unwrap();
    }
    encoder.write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into()).unwrap();
}

pub fn jpeg_with(picture: &RgbImage, extras: Extras) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(JpegEncoder::new_with_quality(&mut bytes, 95), &picture.clone().into(), extras);
    bytes
}

pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    jpeg_with(picture, Extras::default())
}

pub fn png_with(picture: &DynamicImage, extras: Extras) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(PngEncoder::new(&mut bytes), picture, extras);
    bytes
}

pub fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    png_with(&picture.into(), Extras::default())
}

pub fn webp_with(picture: &RgbImage, extras: Extras) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(WebPEncoder::new_lossless(&mut bytes), &picture.clone().into(), extras);
    bytes
}

pub fn webp(picture: &RgbImage) -> Vec<u8> {
    webp_with(picture, Extras::default())
}

/// The picture as a file of each format.
pub fn in_every_format(picture: &RgbImage, extras: &Extras) -> [(&'static str, Vec<u8>); 3] {
    [
        ("JPEG", jpeg_with(picture, extras.clone())),
        ("PNG", png_with(&picture.clone().into(), extras.clone())),
        ("WebP", webp_with(picture, extras.clone())),
    ]
}

pub const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A chunk of a PNG, with its checksum.
pub fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&kind);
    crc.update(data);
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &kind, data, &crc.sum().to_be_bytes()].concat()
}

/// The header of a PNG. `colour`: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA (PNG specification, 11.2.2).
pub fn header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    chunk(*b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat())
}

/// `bytes` as a zlib stream.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `count` zeros as a zlib stream.
pub fn deflated_zeros(count: usize) -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for start in (0..count).step_by(zeros.len()) {
        encoder.write_all(&zeros[..zeros.len().min(count - start)]).unwrap();
    }
    encoder.finish().unwrap()
}

/// A PNG with these chunks between signature and end.
pub fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&PNG_SIGNATURE[..], &chunks.concat(), &chunk(*b"IEND", &[])].concat()
}

/// A PNG with `extra` chunks after its header.
pub fn with_chunks(png: &[u8], extra: &[Vec<u8>]) -> Vec<u8> {
    let (start, rest) = png.split_at(PNG_SIGNATURE.len() + 25);
    [start, &extra.concat(), rest].concat()
}

/// A JPEG with another segment after SOI.
pub fn with_segment(jpeg: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, data, &jpeg[2..]].concat()
}

pub fn inspected(key: &str, bytes: &[u8]) -> Result<Inspected, Rejection> {
    inspect(key, bytes, &LIMITS, true)
}

#[track_caller]
pub fn accepted(bytes: &[u8]) -> Inspected {
    inspected("raw-uploads/x", bytes).unwrap_or_else(|rejection| panic!("rejected: {rejection}"))
}

#[track_caller]
pub fn accepted_without_warnings(case: &str, bytes: &[u8]) -> Inspected {
    let inspected = inspected("raw-uploads/x", bytes).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
    assert!(inspected.warnings.is_empty(), "{case}: {:?}", inspected.warnings);
    inspected
}

#[track_caller]
pub fn rejected(bytes: &[u8]) -> ReasonCode {
    match inspected("raw-uploads/x", bytes) {
        Ok(_) => panic!("accepted"),
        Err(rejection) => {
            assert!(!rejection.detail.is_empty());
            rejection.code
        }
    }
}

pub fn decoded(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// The colours in the middle of the four quadrants: top left, top right, bottom left, bottom right.
pub fn corners(picture: &RgbImage) -> [[u8; 3]; 4] {
    let (width, height) = picture.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| picture.get_pixel(width * x / 4, height * y / 4).0)
}

#[track_caller]
pub fn assert_close(found: [u8; 3], expected: [u8; 3], tolerance: u8, case: &str) {
    let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= tolerance);
    assert!(near, "{case}: {found:?}, expected {expected:?}");
}

#[track_caller]
pub fn assert_quadrants(inspected: &Inspected, expected: [[u8; 3]; 4], case: &str) {
    for picture in [&inspected.copy, &inspected.thumbnail] {
        for (found, expected) in corners(&decoded(picture)).into_iter().zip(expected) {
            assert_close(found, expected, 12, case);
        }
    }
}

pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// A WebP with a `VP8X` header in front of the picture's chunk, and `more` chunks after it.
pub fn extended(simple: &[u8], flags: u8, more: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let header = [flags, 0, 0, 0, 95, 0, 0, 95, 0, 0];
    let mut body = [b"WEBPVP8X\x0a\0\0\0".as_slice(), &header, &simple[12..]].concat();
    for (kind, data) in more {
        body.extend([&kind[..], &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &[0][..data.len() % 2]].concat());
    }
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

/// The offset of the first occurrence.
pub fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}
