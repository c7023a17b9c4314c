//! Resizes images with 8 bits per channel, by convolution in fixed point.
//!
//! Rows are mixed first. Then blocks of mixed rows are mixed by columns. Both loops work on neighbouring samples, which the compiler turns into
//! vector instructions. On `x86_64` it compiles them twice, and a processor with AVX2, such as Lambda's, runs the quicker version.

use image::{RgbImage, RgbaImage};
use multiversion::multiversion;

/// The resampling filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Catmull-Rom: sharp, for pictures that people see.
    Cubic,
    /// Triangle: half the work of `Cubic`, for pictures that only models see.
    Bilinear,
}

impl Filter {
    /// Distance from the centre, in target pixels, at which the filter ends.
    const fn radius(self) -> f64 {
        match self {
            Self::Cubic => 2.0,
            Self::Bilinear => 1.0,
        }
    }

    /// The weight of a source pixel at the distance `x` from the centre, in target pixels.
    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Cubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Cubic if x < 2.0 => ((2.5 - 0.5 * x) * x - 4.0) * x + 2.0,
            Self::Cubic => 0.0,
            Self::Bilinear => (1.0 - x).max(0.0),
        }
    }
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
    let size = image.dimensions();
    let samples = convolve::<3>(image, size, whole(size), (width, height), filter);
    RgbImage::from_raw(width, height, samples).unwrap_or_else(|| RgbImage::new(width, height))
}

/// Resizes a rectangle of an image to `width` × `height` px with `Cubic`. A rectangle that is not within the image returns a black image.
pub fn resize_crop(image: &RgbImage, crop: Crop, width: u32, height: u32) -> RgbImage {
    let samples = convolve::<3>(image, image.dimensions(), crop, (width, height), Filter::Cubic);
    RgbImage::from_raw(width, height, samples).unwrap_or_else(|| RgbImage::new(width, height))
}

/// Resizes an image of four inks (cyan, magenta, yellow, black) to `width` × `height` px with `Cubic`. The fourth channel is not alpha.
pub fn resize_inks(image: &RgbaImage, width: u32, height: u32) -> RgbaImage {
    let size = image.dimensions();
    let samples = convolve::<4>(image, size, whole(size), (width, height), Filter::Cubic);
    RgbaImage::from_raw(width, height, samples).unwrap_or_else(|| RgbaImage::new(width, height))
}

fn whole((width, height): (u32, u32)) -> Crop {
    Crop { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) }
}

/// Resizes `crop` of a picture with `CHANNELS` samples per pixel; black if it is not within the picture.
fn convolve<const CHANNELS: usize>(
    samples: &[u8],
    (from_width, from_height): (u32, u32),
    crop: Crop,
    (width, height): (u32, u32),
    filter: Filter,
) -> Vec<u8> {
    let stride = from_width as usize * CHANNELS;
    let mut resized = vec![0; width as usize * height as usize * CHANNELS];
    let is_inside = crop.left >= 0.0
        && crop.top >= 0.0
        && crop.width > 0.0
        && crop.height > 0.0
        && crop.left + crop.width <= f64::from(from_width)
        && crop.top + crop.height <= f64::from(from_height);
    if !is_inside || width == 0 {
        return resized;
    }
    let columns = taps(from_width, crop.left, crop.width, width, filter);
    let rows = taps(from_height, crop.top, crop.height, height, filter);
    let at_once = BLOCK / CHANNELS;
    let mut row = vec![0; stride];
    let mut strip = vec![[0; BLOCK]; from_width as usize];
    for (targets, rows) in resized.chunks_mut(width as usize * CHANNELS * at_once).zip(rows.chunks(at_once)) {
        for (at, rows) in rows.iter().enumerate() {
            mix_rows(samples.get(rows.start * stride..).unwrap_or_default(), &rows.weights, &mut row);
            for (block, pixel) in strip.iter_mut().zip(row.as_chunks::<CHANNELS>().0) {
                if let Some(place) = block.as_chunks_mut::<CHANNELS>().0.get_mut(at) {
                    *place = *pixel;
                }
            }
        }
        let mut targets: Vec<_> =
            targets.chunks_exact_mut(width as usize * CHANNELS).map(|row| row.as_chunks_mut::<CHANNELS>().0.iter_mut()).collect();
        for column in &columns {
            let mixed = mix_columns(strip.get(column.start..).unwrap_or_default(), &column.weights);
            for (target, pixel) in targets.iter_mut().zip(mixed.as_chunks::<CHANNELS>().0) {
                if let Some(target) = target.next() {
                    *target = *pixel;
                }
            }
        }
    }
    resized
}

/// Bits after the point of a weight. Weights are below 2.
const FRACTION: u32 = 14;
/// Half, so that a sum is rounded when its fraction is cut off.
const HALF: i32 = 1 << (FRACTION - 1);

/// The pixels of one axis that contribute to a target pixel.
struct Taps {
    start: usize,
    weights: Vec<i16>,
}

/// The taps of each of the `to` target pixels, from the part of an axis of `from` px that begins at `left` and is `length` px long.
fn taps(from: u32, left: f64, length: f64, to: u32, filter: Filter) -> Vec<Taps> {
    let scale = length / f64::from(to);
    let stretch = scale.max(1.0); // the filter covers all source pixels when the picture shrinks
    let support = filter.radius() * stretch;
    let one = |target: u32| {
        let centre = left + (f64::from(target) + 0.5) * scale;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a u32")]
        let (first, end) = ((centre - support).floor().max(0.0) as u32, (centre + support).ceil().min(f64::from(from)) as u32);
        let weights: Vec<f64> = (first..end).map(|source| filter.weight((f64::from(source) + 0.5 - centre) / stretch)).collect();
        Taps { start: first as usize, weights: fixed_point(&weights) }
    };
    (0..to).map(one).collect()
}

/// Weights whose sum is exactly one, so that an area of one colour keeps it.
fn fixed_point(weights: &[f64]) -> Vec<i16> {
    let unit = f64::from(1 << FRACTION) / weights.iter().sum::<f64>();
    #[allow(clippy::cast_possible_truncation, reason = "below 2 in 14 bits")]
    let mut fixed: Vec<i16> = weights.iter().map(|weight| (weight * unit).round() as i16).collect();
    let missing = (1 << FRACTION) - fixed.iter().copied().map(i32::from).sum::<i32>();
    if let Some(largest) = fixed.iter_mut().max() {
        *largest = largest.saturating_add(i16::try_from(missing).unwrap_or_default());
    }
    fixed
}

#[inline]
fn sample(sum: i32) -> u8 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
    let sample = (sum >> FRACTION).clamp(0, 255) as u8;
    sample
}

/// Samples of a row that are mixed at once: their sums stay in the first-level cache, and their sources are contiguous.
const SEGMENT: usize = 256;
/// Samples of neighbouring rows, in the same column, that are mixed at once.
const BLOCK: usize = 64;

/// Writes the weighted sum of rows as long as `mixed`, the first at the start of `source`.
#[multiversion(targets("x86_64+avx2"))]
fn mix_rows(source: &[u8], weights: &[i16], mixed: &mut [u8]) {
    let stride = mixed.len();
    for (segment, mixed) in mixed.chunks_mut(SEGMENT).enumerate() {
        let mut sums = [HALF; SEGMENT];
        for (row, weight) in source.chunks_exact(stride).zip(weights) {
            add(&mut sums, row.get(segment * SEGMENT..).unwrap_or_default(), *weight);
        }
        write(mixed, &sums);
    }
}

/// The weighted sum of columns, the first at the start of `strip`.
#[multiversion(targets("x86_64+avx2"))]
fn mix_columns(strip: &[[u8; BLOCK]], weights: &[i16]) -> [u8; BLOCK] {
    let mut sums = [HALF; BLOCK];
    for (column, weight) in strip.iter().zip(weights) {
        add(&mut sums, column, *weight);
    }
    let mut mixed = [0; BLOCK];
    write(&mut mixed, &sums);
    mixed
}

#[inline]
fn add(sums: &mut [i32], samples: &[u8], weight: i16) {
    for (sum, sample) in sums.iter_mut().zip(samples) {
        *sum += i32::from(*sample) * i32::from(weight);
    }
}

#[inline]
fn write(mixed: &mut [u8], sums: &[i32]) {
    for (mixed, sum) in mixed.iter_mut().zip(sums) {
        *mixed = sample(*sum);
    }
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
        for filter in [Filter::Cubic, Filter::Bilinear] {
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
    fn the_result_is_that_of_an_exact_convolution() {
        // Middle tones: sums outside 0–255 are cut off after each of the two passes.
        let tone = |value: u32| 64 + value.to_be_bytes()[3] / 2;
        let noise = RgbImage::from_fn(157, 121, |x, y| Rgb([x * x + 7 * y, 31 * x + y * y, x * y].map(tone)));
        for (width, height) in [(61, 45), (300, 130), (157, 30), (5, 121)] {
            let exact = image::imageops::resize(&noise, width, height, image::imageops::FilterType::CatmullRom);
            let ours = resize(&noise, width, height, Filter::Cubic);
            let difference = exact.iter().zip(ours.iter()).map(|(exact, ours)| exact.abs_diff(*ours)).max();
            assert!(difference <= Some(2), "{width}×{height}: {difference:?}");
        }
    }

    #[test]
    fn a_size_of_zero_returns_an_empty_image() {
        assert_eq!(resize(&RgbImage::new(3, 3), 0, 5, Filter::Bilinear).dimensions(), (0, 5));
        assert_eq!(resize(&RgbImage::new(0, 0), 2, 2, Filter::Cubic), RgbImage::new(2, 2));
    }
}
