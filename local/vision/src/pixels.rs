//! From images to tensors.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// The image in another size, its shape squashed to fit; smooth when it shrinks.
pub(crate) fn resize(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    let mut resized = Image::new(width, height, PixelType::U8x3);
    // Neither step can fail: the buffer is as long as its sides say, and both images hold the same kind of pixels.
    if let Ok(source) = ImageRef::new(image.width(), image.height(), image.as_raw(), PixelType::U8x3) {
        let _ = Resizer::new().resize(&source, &mut resized, &options);
    }
    RgbImage::from_raw(width, height, resized.into_vec()).unwrap_or_else(|| RgbImage::new(width, height))
}

/// The size with `scale` applied, each side at least 1 and rounded to a multiple of `step`.
pub(crate) fn scaled_size(image: &RgbImage, scale: f32, step: u32) -> (u32, u32) {
    let side = |length: u32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let steps = (length as f32 * scale / step as f32).round() as u32;
        steps.max(1) * step
    };
    (side(image.width()), side(image.height()))
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

/// Brightness of a pixel as an eye sees it, 0–255 (ITU-R BT.601).
pub(crate) fn luma(pixel: image::Rgb<u8>) -> f32 {
    let [red, green, blue] = pixel.0.map(f32::from);
    0.299 * red + 0.587 * green + 0.114 * blue
}
