//! Resizing of images of one byte a channel.
//!
//! A crate of its own for the sake of build times: `fast_image_resize` is generic over pixel types, so its code is compiled in the crate that calls
//! it. Here that happens once, for two pixel types, and not with every change of the crates that resize.

use fast_image_resize::{
    CropBox, FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer, SrcCropping,
    images::{TypedImage, TypedImageRef},
    pixels::{U8x3, U8x4},
};
use image::{RgbImage, RgbaImage};

/// How pixels are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Lanczos with three lobes: sharp, for pictures that people look at.
    Lanczos3,
    /// A triangle: half the work of `Lanczos3`, for pictures that only models look at.
    Bilinear,
}

/// A rectangle of an image in pixels from its left upper corner; it may begin and end within a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// From the left side.
    pub left: f64,
    /// From the upper side.
    pub top: f64,
    /// To the right of `left`.
    pub width: f64,
    /// Below `top`.
    pub height: f64,
}

/// The image at `width` × `height` px; its shape is not kept. When it shrinks, every source pixel counts. A size of zero gives an empty image.
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let mut resized = RgbImage::new(width, height);
    convolve::<U8x3>(image.dimensions(), image, (width, height), &mut resized, options(filter));
    resized
}

/// A part of the image at `width` × `height` px, by `Lanczos3`. A part that is not within the image gives a black one.
pub fn resize_part(image: &RgbImage, part: Part, width: u32, height: u32) -> RgbImage {
    let mut resized = RgbImage::new(width, height);
    let crop = CropBox { left: part.left, top: part.top, width: part.width, height: part.height };
    let options = ResizeOptions { cropping: SrcCropping::Crop(crop), ..options(Filter::Lanczos3) };
    convolve::<U8x3>(image.dimensions(), image, (width, height), &mut resized, options);
    resized
}

/// An image of four inks (cyan, magenta, yellow, black) at `width` × `height` px, by `Lanczos3`: the fourth channel is not taken for alpha.
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
    // Both buffers are as long as their sides say, and any address is aligned for bytes.
    let Ok(source) = TypedImageRef::<P>::from_buffer(from_size.0, from_size.1, from) else { return };
    let Ok(mut target) = TypedImage::<P>::from_buffer(to_size.0, to_size.1, to) else { return };
    // Fails for a part that is not within the image only.
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
    fn colours_stay_where_they_are() {
        for filter in [Filter::Lanczos3, Filter::Bilinear] {
            let small = resize(&halves(), 16, 8, filter);
            assert_eq!((small.dimensions(), small[(2, 4)], small[(13, 4)]), ((16, 8), RED, BLUE));
        }
    }

    #[test]
    fn every_pixel_counts_when_an_image_shrinks() {
        let stripes = RgbImage::from_fn(300, 300, |x, _| Rgb([if x % 3 == 0 { 255 } else { 0 }; 3]));
        let small = resize(&stripes, 10, 10, Filter::Bilinear);
        assert!(small.pixels().all(|pixel| pixel.0.iter().all(|value| (80..=90).contains(value))), "a third of 255 is 85");
    }

    #[test]
    fn a_part_is_of_the_part_alone() {
        let right = resize_part(&halves(), Part { left: 40.0, top: 0.0, width: 24.0, height: 32.0 }, 12, 16);
        assert!(right.dimensions() == (12, 16) && right.pixels().all(|pixel| *pixel == BLUE));
        let outside = resize_part(&halves(), Part { left: 60.0, top: 0.0, width: 24.0, height: 32.0 }, 12, 16);
        assert_eq!(outside, RgbImage::new(12, 16));
    }

    #[test]
    fn black_ink_is_not_taken_for_alpha() {
        let inks = RgbaImage::from_pixel(40, 40, Rgba([10, 250, 90, 0]));
        assert_eq!(resize_inks(&inks, 8, 8), RgbaImage::from_pixel(8, 8, Rgba([10, 250, 90, 0])));
    }

    #[test]
    fn a_size_of_zero_gives_an_empty_image() {
        assert_eq!(resize(&RgbImage::new(3, 3), 0, 5, Filter::Bilinear).dimensions(), (0, 5));
        assert_eq!(resize(&RgbImage::new(0, 0), 2, 2, Filter::Lanczos3), RgbImage::new(2, 2));
    }
}
