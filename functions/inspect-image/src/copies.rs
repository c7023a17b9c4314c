//! The normalised copy and the thumbnail: new JPEGs of the pixels alone, so nothing else of the upload comes along.

use crate::decode::MIN_SIDE;
use fast_image_resize::{ResizeOptions, Resizer};
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use std::error::Error;

/// Longest side of the normalised copy, px.
pub const COPY_SIDE: u32 = 2048;
/// Longest side of the thumbnail, px.
pub const THUMBNAIL_SIDE: u32 = 320;
/// Shortest side of the thumbnail of a panorama, px: below it nothing can be made out.
const MIN_THUMBNAIL_SIDE: u32 = 40;
const COPY_QUALITY: u8 = 90;
const THUMBNAIL_QUALITY: u8 = 80;

/// The sides of `picture`, shrunk so that the longest is at most `longest` px, but the shortest stays at `shortest` px or above.
fn shrunk_sides((width, height): (u32, u32), longest: u32, shortest: u32) -> (u32, u32) {
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    let scale = (f64::from(longest) / long).max(f64::from(shortest) / short).min(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a u32 times a scale of at most 1")]
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

/// The normalised copy of an upright picture, in the channels of the picture.
pub fn normalised(picture: DynamicImage) -> Result<DynamicImage, Box<dyn Error + Send + Sync>> {
    let (width, height) = shrunk_sides((picture.width(), picture.height()), COPY_SIDE, MIN_SIDE);
    if (width, height) == (picture.width(), picture.height()) {
        return Ok(picture);
    }
    let mut shrunk = DynamicImage::new(width, height, picture.color());
    // A fourth channel is black ink, not alpha.
    Resizer::new().resize(&picture, &mut shrunk, &ResizeOptions::new().use_alpha(false))?;
    Ok(shrunk)
}

/// The thumbnail of a normalised copy; of a panorama, its middle.
pub fn thumbnail(copy: &RgbImage) -> Result<RgbImage, Box<dyn Error + Send + Sync>> {
    let (width, height) = shrunk_sides(copy.dimensions(), THUMBNAIL_SIDE, MIN_THUMBNAIL_SIDE);
    let shown = (width.min(THUMBNAIL_SIDE), height.min(THUMBNAIL_SIDE));
    if shown == copy.dimensions() {
        return Ok(copy.clone());
    }
    let part = |side: u32, shown: u32, shrunk: u32| f64::from(side) * f64::from(shown) / f64::from(shrunk);
    let (part_width, part_height) = (part(copy.width(), shown.0, width), part(copy.height(), shown.1, height));
    let (left, top) = ((f64::from(copy.width()) - part_width) / 2.0, (f64::from(copy.height()) - part_height) / 2.0);
    let mut thumbnail = DynamicImage::new_rgb8(shown.0, shown.1);
    let options = ResizeOptions::new().crop(left, top, part_width, part_height);
    Resizer::new().resize(&DynamicImage::ImageRgb8(copy.clone()), &mut thumbnail, &options)?;
    Ok(thumbnail.into_rgb8())
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
