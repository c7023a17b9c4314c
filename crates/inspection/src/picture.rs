//! What the readers of all three formats share: limits, the decoded picture, rejections, and numbers in a file.

use image::{DynamicImage, ImageError, error::LimitErrorKind};
use moxcms::ColorProfile;
use sightline_domain::model::{ReasonCode, Rejection};

/// Smallest side, px (Rekognition's minimum).
pub const MIN_SIDE: u32 = 80;
/// Largest side that Rekognition accepts, px.
const MAX_REKOGNITION_SIDE: u32 = 10_000;

/// The largest upload that is accepted.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// File size in bytes.
    pub max_bytes: u64,
    /// Width × height; bounds the memory that decoding needs.
    pub max_pixels: u64,
}

/// A decoded picture.
pub struct Decoded<'a> {
    /// Pixels as stored, 8 bits per channel, opaque, in the file's own colours: RGB, or four channels of ink.
    pub picture: DynamicImage,
    /// How to read the samples.
    pub model: Model,
    /// The resolution at which the file stores colour.
    pub chroma: Chroma,
    /// The colour space that the file declares.
    pub profile: Profile,
    /// The file's EXIF, as a TIFF structure.
    pub exif: Option<&'a [u8]>,
    /// Oddities, one sentence each.
    pub warnings: Vec<String>,
}

/// How to read the samples of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// One sample per pixel, repeated in three channels.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Four inks in the channels of an RGBA picture: 0 means no ink.
    Cmyk,
}

/// The resolution at which a file stores colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// The full resolution of the picture, as in artwork: keeps edges sharp.
    Full,
    /// Half of the resolution, as in the photos of nearly all cameras.
    Half,
}

/// The colour space that a file declares.
pub enum Profile {
    /// None: sRGB.
    Absent,
    /// An ICC profile.
    Icc(Vec<u8>),
    /// An ICC profile that is empty, incomplete or damaged.
    Broken,
    /// Primaries and white point that differ from sRGB.
    Matrix(Box<ColorProfile>),
}

impl Profile {
    /// The profile, if it has the length that it declares and describes a picture's colours. Device links, named colours and abstract
    /// profiles do not (ICC.1, 7.2).
    pub fn from_icc(icc: Vec<u8>) -> Self {
        let is_whole = be32(&icc, 0).and_then(|size| usize::try_from(size).ok()).is_some_and(|size| size <= icc.len());
        let class = icc.get(12..16).unwrap_or_default();
        if is_whole && !matches!(class, b"link" | b"nmcl" | b"abst") { Self::Icc(icc) } else { Self::Broken }
    }
}

/// Checks the file size, before the file is read.
///
/// # Errors
/// EMPTY_FILE or TOO_LARGE.
pub fn check_bytes(size: u64, limits: &Limits) -> Result<(), Rejection> {
    if size == 0 {
        return Err(Rejection::new(ReasonCode::EmptyFile, "the file has no bytes"));
    }
    if size > limits.max_bytes {
        return Err(Rejection::new(ReasonCode::TooLarge, format!("{size} bytes; at most {} are accepted", limits.max_bytes)));
    }
    Ok(())
}

/// Checks the sides that a header declares, before pixels are decoded.
///
/// # Errors
/// TOO_SMALL, TOO_MANY_PIXELS or TOO_NARROW.
pub fn check_size(width: u32, height: u32, limits: &Limits) -> Result<(), Rejection> {
    let (short, long) = (width.min(height), width.max(height));
    if short < MIN_SIDE {
        let detail = format!("{width}×{height} px; both sides need at least {MIN_SIDE} px");
        return Err(Rejection::new(ReasonCode::TooSmall, detail));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        let detail = format!("{width}×{height} px are {pixels} pixels; at most {} are accepted", limits.max_pixels);
        return Err(Rejection::new(ReasonCode::TooManyPixels, detail));
    }
    // Even when the long side is shrunk to Rekognition's maximum, the short side must reach its minimum.
    if u64::from(long) * u64::from(MIN_SIDE) > u64::from(short) * u64::from(MAX_REKOGNITION_SIDE) {
        let most = MAX_REKOGNITION_SIDE / MIN_SIDE;
        let detail = format!("{width}×{height} px: the long side is more than {most} times the short one; cut the picture into parts");
        return Err(Rejection::new(ReasonCode::TooNarrow, detail));
    }
    Ok(())
}

/// TRUNCATED: `detail` says what is missing.
pub fn truncated(detail: &str) -> Rejection {
    Rejection::new(ReasonCode::Truncated, format!("the file is cut off or damaged: {detail}"))
}

/// UNSUPPORTED_FORMAT: `content` names the format and says what to do.
pub fn unsupported(content: &str) -> Rejection {
    Rejection::new(ReasonCode::UnsupportedFormat, format!("the content is {content}"))
}

/// The rejection for a decoder's error. The decoder's own text is for programmers and is left out.
pub fn undecodable(error: &ImageError) -> Rejection {
    match error {
        ImageError::Unsupported(_) => unsupported("a rare kind of its format; save it as an ordinary JPEG or PNG"),
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::DimensionError | LimitErrorKind::InsufficientMemory) => {
            Rejection::new(ReasonCode::TooManyPixels, "decoding it would take too much memory")
        }
        _ => truncated("its pixels cannot be decoded to the end"),
    }
}

/// A big-endian `u16` at an offset; `None` beyond the end.
pub fn be16(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// A big-endian `u32` at an offset; `None` beyond the end.
pub fn be32(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// A little-endian `u16` at an offset; `None` beyond the end.
pub fn le16(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// A little-endian `u32` at an offset; `None` beyond the end.
pub fn le32(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}
