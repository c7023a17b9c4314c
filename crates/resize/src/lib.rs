//! Resizing of RGB images.
//!
//! A crate of its own for the sake of build times: `fast_image_resize` is generic over pixel types, so its code is compiled in the crate that calls
//! it. Here that happens once, for one pixel type, and not with every change of the crates that resize.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::RgbImage;

/// How pixels are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Lanczos with three lobes: sharp, for pictures that people look at.
    Lanczos3,
    /// A triangle: half the work of `Lanczos3`, for pictures that only models look at.
    Bilinear,
}

/// The image at `width` × `height` px; its shape is not kept. When it shrinks, every source pixel counts. A size of zero gives an empty image.
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let filter = match filter {
        Filter::Lanczos3 => FilterType::Lanczos3,
        Filter::Bilinear => FilterType::Bilinear,
    };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    let mut resized = RgbImage::new(width, height);
    // No step can fail: both buffers are as long as their sides say, any address is aligned for bytes, and nothing is cropped.
    if let Ok(source) = TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw())
        && let Ok(mut target) = TypedImage::<U8x3>::from_buffer(width, height, &mut resized)
    {
        let _ = Resizer::new().resize_typed(&source, &mut target, &options);
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn colours_stay_where_they_are() {
        let halves = RgbImage::from_fn(64, 32, |x, _| if x < 32 { Rgb([200, 10, 30]) } else { Rgb([0, 90, 250]) });
        for filter in [Filter::Lanczos3, Filter::Bilinear] {
            let small = resize(&halves, 16, 8, filter);
            assert_eq!((small.dimensions(), small[(2, 4)], small[(13, 4)]), ((16, 8), Rgb([200, 10, 30]), Rgb([0, 90, 250])));
        }
    }

    #[test]
    fn every_pixel_counts_when_an_image_shrinks() {
        let stripes = RgbImage::from_fn(300, 300, |x, _| Rgb([if x % 3 == 0 { 255 } else { 0 }; 3]));
        let small = resize(&stripes, 10, 10, Filter::Bilinear);
        assert!(small.pixels().all(|pixel| pixel.0.iter().all(|value| (80..=90).contains(value))), "a third of 255 is 85");
    }

    #[test]
    fn a_size_of_zero_gives_an_empty_image() {
        assert_eq!(resize(&RgbImage::new(3, 3), 0, 5, Filter::Bilinear).dimensions(), (0, 5));
        assert_eq!(resize(&RgbImage::new(0, 0), 2, 2, Filter::Lanczos3), RgbImage::new(2, 2));
    }
}
