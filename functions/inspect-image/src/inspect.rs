//! From the bytes of an upload to all that is kept of it. Pure: no AWS, no clock.

use crate::{camera, colour, copies, decode, sniff};
use sightline_domain::model::{
    image::{ExifFacts, ImageFormat},
    rejection::{ReasonCode, Rejection},
};

/// What is accepted.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of a file.
    pub max_bytes: u64,
    /// Most pixels of a picture: bounds the memory that decoding takes.
    pub max_pixels: u64,
}

/// An accepted image.
pub struct Inspected {
    /// Format by content.
    pub format: ImageFormat,
    /// Upright width, px.
    pub width: u32,
    /// Upright height, px.
    pub height: u32,
    /// What the camera wrote.
    pub exif: ExifFacts,
    /// Oddities, a sentence each.
    pub warnings: Vec<String>,
    /// The normalised copy, a JPEG.
    pub copy: Vec<u8>,
    /// The thumbnail, a JPEG.
    pub thumbnail: Vec<u8>,
}

/// Refuses by size alone, before a byte is read.
pub fn check_bytes(size: u64, limits: &Limits) -> Result<(), Rejection> {
    if size == 0 {
        return Err(Rejection::new(ReasonCode::EmptyFile, "the file has no bytes"));
    }
    if size > limits.max_bytes {
        return Err(Rejection::new(ReasonCode::TooLarge, format!("{size} bytes; at most {} are taken", limits.max_bytes)));
    }
    Ok(())
}

/// Inspects the whole file. `key` is looked at for its ending only.
pub fn inspect(key: &str, bytes: &[u8], limits: &Limits, with_gps: bool) -> Result<Inspected, Rejection> {
    let format = sniff::format(bytes)?;
    let decoded = decode::decode(format, bytes, limits)?;
    let (width, height) = (decoded.picture.width(), decoded.picture.height());
    let (copy, colour_warning) = colour::to_srgb(copies::normalised(decoded.picture), decoded.model, &decoded.profile);
    let thumbnail = copies::thumbnail(&copy);
    Ok(Inspected {
        format,
        width,
        height,
        exif: decoded.exif.map(|exif| camera::facts(exif, with_gps)).unwrap_or_default(),
        warnings: sniff::name_warning(key, format).into_iter().chain(decoded.warnings).chain(colour_warning).collect(),
        copy: copies::copy_jpeg(&copy).map_err(|error| unworkable(&*error))?,
        thumbnail: copies::thumbnail_jpeg(&thumbnail).map_err(|error| unworkable(&*error))?,
    })
}

/// A picture that cannot be encoded is one that we cannot take.
fn unworkable(error: &dyn std::error::Error) -> Rejection {
    Rejection::new(ReasonCode::UnsupportedFormat, format!("no copy of it can be made: {error}"))
}
