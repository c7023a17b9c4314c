//! Checks an image by its header, with Rekognition's limits, and decodes it to upright pixels.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageResult, Limits, RgbImage, codecs::jpeg::JpegDecoder, codecs::png::PngDecoder, metadata::Orientation,
};
use sightline_resize::{Filter, resize};

use crate::{
    error::{ApiError, Code},
    operation::Operation,
};

const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Rekognition's minimum for all four operations.
const MIN_SIDE: u32 = 80;
/// Rekognition's maximum for `DetectLabels` and `DetectModerationLabels`.
const MAX_SIDE: u32 = 10_000;
/// Local limit of the memory for decoding one image. A baseline JPEG of 50 megapixels fits.
const MAX_DECODING_BYTES: u64 = 150_000_000;
/// Images that need more memory are decoded while no model runs.
const LARGE_BYTES: u64 = 48 * 1024 * 1024;
/// Longest side that the models get, px: they use a smaller picture, or crops of this size.
const WORKING_SIDE: u32 = 2048;

/// The two formats that Rekognition accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
}

/// The header of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    format: Format,
    width: u32,
    height: u32,
    /// How to turn the pixels upright: from a JPEG's EXIF; a PNG is not turned.
    orientation: Orientation,
    /// Memory that the decoder needs, in bytes.
    decoding_bytes: u64,
}

impl Header {
    /// Reads the header; the format is detected by content, never by name.
    ///
    /// # Errors
    /// `InvalidImageFormatException`.
    pub fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.starts_with(&PNG_SIGNATURE) {
            png(bytes).ok_or_else(|| ApiError::invalid_format("this PNG is damaged"))
        } else if bytes.starts_with(&[0xff, 0xd8]) {
            jpeg(bytes).ok_or_else(|| ApiError::invalid_format("this JPEG is damaged or incomplete"))
        } else {
            Err(ApiError::invalid_format("only JPEG and PNG are supported"))
        }
    }

    /// Checks Rekognition's limits on sides, then the local limit on memory.
    ///
    /// # Errors
    /// `InvalidImageFormatException`, `InvalidParameterException`, `ImageTooLargeException` or `NotSupportedLocallyException`.
    pub fn check(&self, operation: Operation) -> Result<(), ApiError> {
        let (width, height) = (self.width, self.height);
        if width.min(height) == 0 {
            return Err(ApiError::invalid_format("the image has no pixels"));
        }
        if width.min(height) < MIN_SIDE {
            return Err(ApiError::invalid_parameter(&format!(
                "the image is {width} x {height} pixels, both sides must be at least {MIN_SIDE}"
            )));
        }
        if operation.limits_sides() && width.max(height) > MAX_SIDE {
            return Err(ApiError::new(
                Code::ImageTooLarge,
                format!("Input image dimensions {width} x {height} exceed maximum dimension size of {MAX_SIDE} pixels"),
            ));
        }
        if self.decoding_bytes > MAX_DECODING_BYTES {
            return Err(ApiError::not_supported_locally(&format!(
                "an image that needs {} MB to decode ({width} x {height} pixels)",
                self.decoding_bytes >> 20
            )));
        }
        Ok(())
    }

    /// Whether the image must not be decoded while a model runs.
    pub fn is_large(&self) -> bool {
        self.decoding_bytes > LARGE_BYTES
    }

    /// Decodes an image that has passed the checks: upright, and no larger than the models can use.
    ///
    /// # Errors
    /// `InvalidImageFormatException`.
    pub fn decode(&self, bytes: &[u8]) -> Result<RgbImage, ApiError> {
        let mut limits = Limits::default();
        limits.max_alloc = Some(self.decoding_bytes + 64 * 1024 * 1024);
        let pixels = match self.format {
            Format::Jpeg => JpegDecoder::new(Cursor::new(bytes)).and_then(|decoder| with_limits(decoder, limits)),
            Format::Png => PngDecoder::with_limits(Cursor::new(bytes), limits.clone()).and_then(|decoder| with_limits(decoder, limits)),
        };
        let pixels = pixels.map_err(|_| ApiError::invalid_format("the image is damaged"))?.into_rgb8();
        let mut image = DynamicImage::ImageRgb8(shrink(pixels));
        image.apply_orientation(self.orientation);
        Ok(image.into_rgb8())
    }
}

/// Reads `IHDR`, which is always the first chunk (PNG specification, 5.6).
fn png(bytes: &[u8]) -> Option<Header> {
    let chunk: &[u8; 17] = bytes.get(12..)?.first_chunk()?;
    let [b'I', b'H', b'D', b'R', w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, ..] = *chunk else { return None };
    let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    let channels = match colour {
        0 => 1,
        2 => 3,
        3 | 6 => 4, // a palette may have transparency
        4 => 2,
        _ => return None,
    };
    let own = channels * if depth == 16 { 2 } else { 1 };
    let converted = if own == 3 { 0 } else { 3 };
    let pixels = u64::from(width).saturating_mul(height.into());
    Some(Header {
        format: Format::Png,
        width,
        height,
        orientation: Orientation::NoTransforms,
        decoding_bytes: pixels.saturating_mul(own + converted),
    })
}

/// Walks the markers (ITU-T T.81, annex B) without decoding; `None` if the file is not a JPEG or ends before its end marker.
fn jpeg(mut rest: &[u8]) -> Option<Header> {
    let mut header = None;
    let mut exif = None;
    rest = rest.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (marker, after) = next_marker(rest)?;
        if marker == 0xd9 {
            let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
            return Some(Header { orientation, ..header? });
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            rest = after;
            continue;
        }
        let length = usize::from(word(after, 0)?);
        let segment = after.get(2..length)?;
        match marker {
            0xc0..=0xc2 => header = Some(frame_header(marker == 0xc2, segment)?),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return None, // lossless, hierarchical or arithmetic: not decodable
            0xe1 if exif.is_none() => exif = segment.strip_prefix(b"Exif\0\0"),
            _ => {}
        }
        rest = after.get(length..)?;
    }
}

/// The next marker, after any entropy-coded data and fill bytes, and the bytes after it.
fn next_marker(mut rest: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = rest.iter().position(|byte| *byte == 0xff)?;
        rest = rest.get(at + 1..)?;
        match rest.first()? {
            0x00 | 0xff => {} // a stuffed or a fill byte
            marker => return Some((*marker, rest.get(1..)?)),
        }
    }
}

fn frame_header(is_progressive: bool, segment: &[u8]) -> Option<Header> {
    let components = segment.get(6..)?.chunks_exact(3).take(usize::from(*segment.get(5)?));
    let areas: Vec<u64> =
        components.filter_map(|component| component.get(1).map(|sampling| u64::from(sampling >> 4) * u64::from(sampling & 15))).collect();
    let largest = areas.iter().copied().max().filter(|area| *area > 0)?;
    // Coefficients per pixel, in sixteenths: 16 for each component that is not subsampled. The decoder of a progressive image keeps them all.
    let coefficients = areas.iter().map(|area| area * 16 / largest).sum::<u64>();
    let (width, height) = (word(segment, 3)?.into(), word(segment, 1)?.into());
    let pixels = u64::from(width) * u64::from(height);
    let decoding_bytes = pixels * 3 + if is_progressive { pixels * coefficients / 16 * 2 } else { 0 };
    Some(Header { format: Format::Jpeg, width, height, orientation: Orientation::NoTransforms, decoding_bytes })
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn with_limits(mut decoder: impl ImageDecoder, limits: Limits) -> ImageResult<DynamicImage> {
    decoder.set_limits(limits)?;
    DynamicImage::from_decoder(decoder)
}

/// Shrinks a picture to the working size. Bounding boxes are fractions, so they stay valid.
fn shrink(pixels: RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let long = width.max(height);
    if long <= WORKING_SIDE {
        return pixels;
    }
    let scaled = |side: u32| u32::try_from(u64::from(side) * u64::from(WORKING_SIDE) / u64::from(long)).unwrap_or(WORKING_SIDE).max(1);
    resize(&pixels, scaled(width), scaled(height), Filter::Bilinear)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb};

    use super::*;

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

    /// Inserts an EXIF segment with only an orientation after SOI.
    fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let tiff = [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]].concat();
        let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &tiff, &jpeg[2..]].concat()
    }

    /// A JPEG with these sides and no pixels.
    fn empty_jpeg(width: u16, height: u16) -> Vec<u8> {
        let ([w0, w1], [h0, h1]) = (width.to_be_bytes(), height.to_be_bytes());
        [&[0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, h0, h1, w0, w1, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], [0xff, 0xd9].as_slice()].concat()
    }

    fn empty_png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat()
    }

    fn check(bytes: &[u8], operation: Operation) -> Result<(), Code> {
        Header::read(bytes).and_then(|header| header.check(operation)).map_err(|error| error.code)
    }

    fn decoded(bytes: &[u8]) -> Result<RgbImage, Code> {
        Header::read(bytes).and_then(|header| header.decode(bytes)).map_err(|error| error.code)
    }

    #[test]
    fn sides_of_80_to_10_000_pixels_are_accepted() {
        for bytes in [empty_jpeg(80, 10_000), empty_png(10_000, 80)] {
            assert_eq!(check(&bytes, Operation::DetectLabels), Ok(()));
        }
        for bytes in [empty_jpeg(79, 200), empty_png(200, 79), encoded(&picture(79, 80), ImageFormat::Png)] {
            assert_eq!(check(&bytes, Operation::DetectText), Err(Code::InvalidParameter));
        }
        for bytes in [empty_jpeg(10_001, 100), empty_png(100, 10_001)] {
            assert_eq!(check(&bytes, Operation::DetectLabels), Err(Code::ImageTooLarge));
            assert_eq!(check(&bytes, Operation::DetectModerationLabels), Err(Code::ImageTooLarge));
            assert_eq!(check(&bytes, Operation::DetectFaces), Ok(()));
            assert_eq!(check(&bytes, Operation::DetectText), Ok(()));
        }
    }

    #[test]
    fn pixel_bombs_are_rejected_by_their_headers() {
        assert_eq!(check(&empty_jpeg(65_500, 65_500), Operation::DetectFaces), Err(Code::NotSupportedLocally));
        assert_eq!(check(&empty_png(u32::MAX, u32::MAX), Operation::DetectText), Err(Code::NotSupportedLocally));
        assert_eq!(check(&empty_png(0, 100), Operation::DetectText), Err(Code::InvalidImageFormat));
        assert_eq!(check(&empty_jpeg(0, 100), Operation::DetectText), Err(Code::InvalidImageFormat));
    }

    #[test]
    fn other_formats_and_damaged_files_are_invalid_formats() {
        let jpeg = encoded(&picture(100, 100), ImageFormat::Jpeg);
        let png = encoded(&picture(100, 100), ImageFormat::Png);
        let webp = encoded(&picture(100, 100), ImageFormat::WebP);
        let empty = (empty_jpeg(100, 100), empty_png(100, 100));
        for bytes in [
            b"GIF89a".as_slice(),
            b"",
            &[0xff, 0xd8],
            &webp,
            &png[..20],
            &jpeg[..jpeg.len() / 2],
            &png[..png.len() / 2],
            &empty.0,
            &empty.1,
        ] {
            assert_eq!(decoded(bytes), Err(Code::InvalidImageFormat), "{} bytes", bytes.len());
        }
    }

    #[test]
    fn files_cut_anywhere_are_rejected() {
        for bytes in [encoded(&picture(90, 80), ImageFormat::Jpeg), encoded(&picture(90, 80), ImageFormat::Png)] {
            for length in 0..bytes.len() - 16 {
                assert_eq!(decoded(&bytes[..length]), Err(Code::InvalidImageFormat), "{length} of {} bytes", bytes.len());
            }
        }
    }

    #[test]
    fn a_jpeg_is_turned_upright_by_its_exif() {
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
}
