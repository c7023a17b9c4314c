//! From bytes to an upright picture, with hard limits before any pixel is decoded.

use crate::{
    camera,
    colour::{Model, Profile},
    inspect::Limits,
    jpeg, png, webp,
};
use image::{DynamicImage, ImageError, error::LimitErrorKind};
use sightline_domain::model::{
    image::ImageFormat,
    rejection::{ReasonCode, Rejection},
};

/// Smallest side, px (Rekognition's minimum).
pub const MIN_SIDE: u32 = 80;
/// Largest side of what Rekognition takes, px.
pub const MAX_RECOGNITION_SIDE: u32 = 10_000;

/// A decoded picture.
pub struct Decoded<'a> {
    /// Upright pixels, 8 bits per channel, opaque, in the file's own colours: RGB, or four channels of inks.
    pub picture: DynamicImage,
    /// What the file's samples mean.
    pub model: Model,
    /// What the file says about its colours.
    pub profile: Profile,
    /// The file's EXIF, as a TIFF structure.
    pub exif: Option<&'a [u8]>,
    /// Oddities, a sentence each.
    pub warnings: Vec<String>,
}

/// Decodes the first frame of `bytes`.
///
/// # Errors
/// A rejection whose sentence says what is wrong with the file, in plain words.
pub fn decode<'a>(format: ImageFormat, bytes: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Rejection> {
    match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, limits),
        ImageFormat::Png => png::decode(bytes, limits),
        ImageFormat::WebP => webp::decode(bytes, limits),
    }
}

/// Refuses a picture by its sides, as its header claims them.
pub fn check_size(width: u32, height: u32, limits: &Limits) -> Result<(), Rejection> {
    let (short, long) = (width.min(height), width.max(height));
    if short < MIN_SIDE {
        let detail = format!("{width}×{height} px; both sides need at least {MIN_SIDE} px");
        return Err(Rejection::new(ReasonCode::TooSmall, detail));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        let detail = format!("{width}×{height} px are {pixels} pixels; at most {} are taken", limits.max_pixels);
        return Err(Rejection::new(ReasonCode::TooManyPixels, detail));
    }
    // Shrunk to the longest side that Rekognition takes, the short side must still reach its minimum.
    if u64::from(long) * u64::from(MIN_SIDE) > u64::from(short) * u64::from(MAX_RECOGNITION_SIDE) {
        let most = MAX_RECOGNITION_SIDE / MIN_SIDE;
        let detail = format!("{width}×{height} px: the long side is more than {most} times the short one; cut the picture into parts");
        return Err(Rejection::new(ReasonCode::TooNarrow, detail));
    }
    Ok(())
}

/// Turns `picture` as `exif` says.
pub fn upright(mut picture: DynamicImage, exif: Option<&[u8]>) -> DynamicImage {
    if let Some(exif) = exif {
        picture.apply_orientation(camera::orientation(exif));
    }
    picture
}

/// TRUNCATED, with what is missing.
pub fn truncated(what: &str) -> Rejection {
    Rejection::new(ReasonCode::Truncated, format!("the file is cut off or damaged: {what}"))
}

/// UNSUPPORTED_FORMAT, with what the content is, and what to do.
pub fn unsupported(what: &str) -> Rejection {
    Rejection::new(ReasonCode::UnsupportedFormat, format!("the content is {what}"))
}

/// What an error of a decoder means. Its own text is for programmers and is left out.
pub fn unreadable(error: &ImageError) -> Rejection {
    match error {
        ImageError::Unsupported(_) => unsupported("a rare kind of its format; save it as an ordinary JPEG or PNG"),
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::DimensionError | LimitErrorKind::InsufficientMemory) => {
            Rejection::new(ReasonCode::TooManyPixels, "decoding it would take too much memory")
        }
        _ => truncated("its pixels cannot be decoded to the end"),
    }
}
