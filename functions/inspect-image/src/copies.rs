//! The normalised copy and the thumbnail: new JPEGs of the pixels alone, so nothing else of the upload comes along.

use crate::decode::MIN_SIDE;
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder};
use sightline_resize::{Filter, Part, resize, resize_inks, resize_part};
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

/// The normalised copy of an upright picture: RGB, or four inks where the picture has them.
pub fn normalised(picture: DynamicImage) -> DynamicImage {
    let (width, height) = shrunk_sides((picture.width(), picture.height()), COPY_SIDE, MIN_SIDE);
    if (width, height) == (picture.width(), picture.height()) {
        return picture;
    }
    match picture {
        DynamicImage::ImageRgba8(inks) => resize_inks(&inks, width, height).into(),
        picture => resize(&picture.into_rgb8(), width, height, Filter::Lanczos3).into(),
    }
}

/// The thumbnail of a normalised copy; of a panorama, its middle.
pub fn thumbnail(copy: &RgbImage) -> RgbImage {
    let (width, height) = shrunk_sides(copy.dimensions(), THUMBNAIL_SIDE, MIN_THUMBNAIL_SIDE);
    let shown = (width.min(THUMBNAIL_SIDE), height.min(THUMBNAIL_SIDE));
    if shown == copy.dimensions() {
        return copy.clone();
    }
    let side = |side: u32, shown: u32, shrunk: u32| f64::from(side) * f64::from(shown) / f64::from(shrunk);
    let (width, height) = (side(copy.width(), shown.0, width), side(copy.height(), shown.1, height));
    let (left, top) = ((f64::from(copy.width()) - width) / 2.0, (f64::from(copy.height()) - height) / 2.0);
    resize_part(copy, Part { left, top, width, height }, shown.0, shown.1)
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
