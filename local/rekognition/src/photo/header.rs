//! What an image is, from its first bytes: format, size, orientation, and the memory that decoding takes.

use image::metadata::Orientation;

use super::jpeg;
use crate::{
    operation::Operation,
    refusal::{Code, Refusal},
};

const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// As documented for all four operations.
const MIN_SIDE: u32 = 80;
/// As documented for `DetectLabels` and `DetectModerationLabels`.
const MAX_SIDE: u32 = 10_000;
/// Ours alone: what one image may take while it is decoded. A baseline JPEG of 50 megapixels fits.
const MAX_DECODING_BYTES: u64 = 150_000_000;
/// Images that take more are decoded while no model runs.
const LARGE_BYTES: u64 = 48 * 1024 * 1024;

/// The two formats that Rekognition reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
}

/// An image that is worth decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub format: Format,
    pub width: u32,
    pub height: u32,
    /// How to turn the pixels upright. Only a JPEG's EXIF counts; a PNG is taken as it is.
    pub orientation: Orientation,
    /// What the decoder will hold at once, in bytes.
    pub decoding_bytes: u64,
}

impl Header {
    /// Tells the format by content, never by name, and reads the rest from the header alone.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.starts_with(&PNG_SIGNATURE) {
            png(bytes).ok_or_else(|| Refusal::format("this PNG is broken"))
        } else if bytes.starts_with(&[0xff, 0xd8]) {
            jpeg::frame(bytes).map(|frame| jpeg_header(&frame)).ok_or_else(|| Refusal::format("this JPEG is broken or not whole"))
        } else {
            Err(Refusal::format("only JPEG and PNG are read"))
        }
    }

    /// Rekognition's limits on sides, then our own on memory.
    pub fn check(&self, operation: Operation) -> Result<(), Refusal> {
        let (width, height) = (self.width, self.height);
        if width.min(height) == 0 {
            return Err(Refusal::format("the image has no pixels"));
        }
        if width.min(height) < MIN_SIDE {
            return Err(Refusal::parameter(&format!("the image is {width} x {height} pixels, both sides must be at least {MIN_SIDE}")));
        }
        if operation.bounds_sides() && width.max(height) > MAX_SIDE {
            return Err(Refusal::new(
                Code::ImageTooLarge,
                format!("Input image dimensions {width} x {height} exceed maximum dimension size of {MAX_SIDE} pixels"),
            ));
        }
        if self.decoding_bytes > MAX_DECODING_BYTES {
            return Err(Refusal::not_here(&format!(
                "an image that takes {} MB to decode ({width} x {height} pixels)",
                self.decoding_bytes >> 20
            )));
        }
        Ok(())
    }

    /// Whether this image should have the memory to itself.
    pub fn is_large(&self) -> bool {
        self.decoding_bytes > LARGE_BYTES
    }
}

fn jpeg_header(frame: &jpeg::Frame) -> Header {
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    let coefficients = if frame.progressive { pixels * frame.coefficients / 16 * 2 } else { 0 };
    Header {
        format: Format::Jpeg,
        width: frame.width.into(),
        height: frame.height.into(),
        orientation: frame.exif.as_deref().and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms),
        decoding_bytes: pixels * 3 + coefficients,
    }
}

/// `IHDR` is always the first chunk (PNG specification, 5.6).
fn png(bytes: &[u8]) -> Option<Header> {
    let chunk: &[u8; 17] = bytes.get(12..)?.first_chunk()?;
    let [b'I', b'H', b'D', b'R', w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, ..] = *chunk else { return None };
    let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    let channels = match colour {
        0 => 1,
        2 => 3,
        3 | 6 => 4, // a palette may hold transparency
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
