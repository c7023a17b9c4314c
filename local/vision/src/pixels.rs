//! From images to tensors.

use image::RgbImage;
use sightline_resize::Filter;

/// The image in another size, its shape squashed to fit; smooth when it shrinks.
pub(crate) fn resize(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    sightline_resize::resize(image, width, height, Filter::Bilinear)
}

/// The image's size, shrunk where it has more than about `most` pixels, enlarged (at most twice a side) where it has fewer than `least`;
/// each side a multiple of `step`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub(crate) fn size_between(image: &RgbImage, least: f32, most: f32, step: u32) -> (u32, u32) {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let area = width * height;
    let scale = (area.clamp(least, most) / area).sqrt().min(2.);
    let side = |length: f32| ((length * scale / step as f32).round() as u32).max(1) * step;
    (side(width), side(height))
}

/// How a model wants its pixels: (value − mean) · scale, per channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normal {
    /// Of red, green, blue; pixels are 0–255.
    pub mean: [f32; 3],
    /// Of red, green, blue.
    pub scale: [f32; 3],
}

impl Normal {
    /// The same for all channels.
    pub const fn same(mean: f32, scale: f32) -> Self {
        Self { mean: [mean; 3], scale: [scale; 3] }
    }
}

/// The image as three planes: red, green, blue.
pub(crate) fn planes(image: &RgbImage, normal: Normal) -> Vec<f32> {
    let pixels = image.as_raw();
    let mut data = Vec::with_capacity(pixels.len());
    for ((channel, mean), scale) in normal.mean.into_iter().enumerate().zip(normal.scale) {
        data.extend(pixels.iter().skip(channel).step_by(3).map(|&value| (f32::from(value) - mean) * scale));
    }
    data
}

/// The image as three planes: blue, green, red.
pub(crate) fn planes_reversed(image: &RgbImage, normal: Normal) -> Vec<f32> {
    let planes = planes(image, normal);
    let size = planes.len() / 3;
    planes.rchunks(size.max(1)).flatten().copied().collect()
}

/// Brightness of a pixel as an eye sees it, 0–255 (ITU-R BT.601).
pub(crate) fn luma(pixel: image::Rgb<u8>) -> f32 {
    let [red, green, blue] = pixel.0.map(f32::from);
    0.299 * red + 0.587 * green + 0.114 * blue
}
