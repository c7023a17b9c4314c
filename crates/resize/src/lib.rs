//! Resizes images with 8 bits per channel.
//!
//! A separate crate keeps builds fast: `fast_image_resize` is generic over pixel types, so its code is compiled in the crate that calls it. Here
//! it is compiled once, for two pixel types, instead of at every change of the crates that resize.

use fast_image_resize::{
    CropBox, FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer, SrcCropping,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};
use image::{RgbImage, RgbaImage};

/// The resampling filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Lanczos with three lobes: sharp, for pictures that people see.
    Lanczos3,
    /// Triangle: half the work of `Lanczos3`, for pictures that only models see.
    Bilinear,
}

/// A rectangle of an image in pixels; it may begin and end within a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Distance from the left edge.
    pub left: f64,
    /// Distance from the top edge.
    pub top: f64,
    /// Width from `left` to the right.
    pub width: f64,
    /// Height from `top` downwards.
    pub height: f64,
}

/// Resizes an image to `width` × `height` px without keeping its proportions. All source pixels contribute when it shrinks. A size of zero
/// returns an empty image.
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let mut resized = RgbImage::new(width, height);
    convolve::<U8x3>(image.dimensions(), image, (width, height), &mut resized, options(filter));
    resized
}

/// Resizes a rectangle of an image to `width` × `height` px with `Lanczos3`. A rectangle that is not within the image returns a black image.
pub fn resize_crop(image: &RgbImage, crop: Crop, width: u32, height: u32) -> RgbImage {
    let mut resized = RgbImage::new(width, height);
    let crop_box = CropBox { left: crop.left, top: crop.top, width: crop.width, height: crop.height };
    let options = ResizeOptions { cropping: SrcCropping::Crop(crop_box), ..options(Filter::Lanczos3) };
    convolve::<U8x3>(image.dimensions(), image, (width, height), &mut resized, options);
    resized
}

/// Resizes an image of four inks (cyan, magenta, yellow, black) to `width` × `height` px with `Lanczos3`. The fourth channel is not alpha.
pub fn resize_inks(image: &RgbaImage, width: u32, height: u32) -> RgbaImage {
    let mut resized = RgbaImage::new(width, height);
    convolve::<U8x4>(image.dimensions(), image, (width, height), &mut resized, options(Filter::Lanczos3));
    resized
}

fn options(filter: Filter) -> ResizeOptions {
    let filter = match filter {
        Filter::Lanczos3 => FilterType::Lanczos3,
        Filter::Bilinear => FilterType::Bilinear,
    };
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false)
}

fn convolve<P: PixelTrait>(from_size: (u32, u32), from: &[u8], to_size: (u32, u32), to: &mut [u8], options: ResizeOptions) {
    // These cannot fail: both buffers match their sides, and bytes need no alignment.
    let Ok(source) = TypedImageRef::<P>::from_buffer(from_size.0, from_size.1, from) else { return };
    let Ok(mut target) = TypedImage::<P>::from_buffer(to_size.0, to_size.1, to) else { return };
    // This fails only for a crop outside the image.
    let _ = Resizer::new().resize_typed(&source, &mut target, &options);
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, Rgba};

    const RED: Rgb<u8> = Rgb([200, 10, 30]);
    const BLUE: Rgb<u8> = Rgb([0, 90, 250]);

    fn halves() -> RgbImage {
        RgbImage::from_fn(64, 32, |x, _| if x < 32 { RED } else { BLUE })
    }

    #[test]
    fn colours_stay_in_place() {
        for filter in [Filter::Lanczos3, Filter::Bilinear] {
            let small = resize(&halves(), 16, 8, filter);
            assert_eq!((small.dimensions(), small[(2, 4)], small[(13, 4)]), ((16, 8), RED, BLUE));
        }
    }

    #[test]
    fn all_pixels_contribute_when_an_image_shrinks() {
        let stripes = RgbImage::from_fn(300, 300, |x, _| Rgb([if x % 3 == 0 { 255 } else { 0 }; 3]));
        let small = resize(&stripes, 10, 10, Filter::Bilinear);
        assert!(small.pixels().all(|pixel| pixel.0.iter().all(|value| (80..=90).contains(value))), "a third of 255 is 85");
    }

    #[test]
    fn a_crop_shows_only_its_part_of_the_image() {
        let right = resize_crop(&halves(), Crop { left: 40.0, top: 0.0, width: 24.0, height: 32.0 }, 12, 16);
        assert!(right.dimensions() == (12, 16) && right.pixels().all(|pixel| *pixel == BLUE));
        let outside = resize_crop(&halves(), Crop { left: 60.0, top: 0.0, width: 24.0, height: 32.0 }, 12, 16);
        assert_eq!(outside, RgbImage::new(12, 16));
    }

    #[test]
    fn black_ink_is_not_treated_as_alpha() {
        let inks = RgbaImage::from_pixel(40, 40, Rgba([10, 250, 90, 0]));
        assert_eq!(resize_inks(&inks, 8, 8), RgbaImage::from_pixel(8, 8, Rgba([10, 250, 90, 0])));
    }

    #[test]
    fn a_size_of_zero_returns_an_empty_image() {
        assert_eq!(resize(&RgbImage::new(3, 3), 0, 5, Filter::Bilinear).dimensions(), (0, 5));
        assert_eq!(resize(&RgbImage::new(0, 0), 2, 2, Filter::Lanczos3), RgbImage::new(2, 2));
    }
}
