//! The normalised copy and the thumbnail: new JPEGs of the pixels alone, so nothing else of the upload comes along.

use crate::decode::MIN_SIDE;
use fast_image_resize::Resizer;
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use std::error::Error;

/// Longest side of the normalised copy, px.
pub const COPY_SIDE: u32 = 2048;
/// Longest side of the thumbnail, px.
pub const THUMBNAIL_SIDE: u32 = 320;
const COPY_QUALITY: u8 = 90;
const THUMBNAIL_QUALITY: u8 = 80;

/// Shrinks `picture` so that its longest side is at most `longest` px, but its shortest stays at `shortest` px or above.
pub fn shrink(picture: DynamicImage, longest: u32, shortest: u32) -> Result<RgbImage, Box<dyn Error + Send + Sync>> {
    let (width, height) = (picture.width(), picture.height());
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    let scale = (f64::from(longest) / long).max(f64::from(shortest) / short);
    if scale >= 1.0 {
        return Ok(picture.into_rgb8());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "smaller than a u32 times a scale below 1")]
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let mut shrunk = DynamicImage::new_rgb8(scaled(width), scaled(height));
    Resizer::new().resize(&picture, &mut shrunk, None)?;
    Ok(shrunk.into_rgb8())
}

/// The normalised copy of an upright picture; `amend` may change its pixels before they are encoded.
pub fn normalised(picture: DynamicImage) -> Result<RgbImage, Box<dyn Error + Send + Sync>> {
    shrink(picture, COPY_SIDE, MIN_SIDE)
}

/// The thumbnail of a normalised copy.
pub fn thumbnail(copy: &RgbImage) -> Result<RgbImage, Box<dyn Error + Send + Sync>> {
    shrink(DynamicImage::ImageRgb8(copy.clone()), THUMBNAIL_SIDE, 1)
}

/// A JPEG of the copy.
pub fn copy_jpeg(copy: &RgbImage) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    jpeg(copy, COPY_QUALITY)
}

/// A JPEG of the thumbnail.
pub fn thumbnail_jpeg(thumbnail: &RgbImage) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    jpeg(thumbnail, THUMBNAIL_QUALITY)
}

fn jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
    Ok(bytes)
}
