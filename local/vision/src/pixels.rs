//! From images to tensors: resizes, cuts out turned pieces (faces, lines of text), converts to planes.

use crate::geometry::{BoundingBox, dimensions};
use image::{Rgb, RgbImage, imageops::crop_imm};
use sightline_resize::Filter;

/// A point in an image or a crop, in pixels.
pub(crate) type Pixel = [f32; 2];

/// Maximum samples per crop pixel and direction: more make no visible difference.
const MAX_SAMPLES: f32 = 6.;

/// Resizes without keeping the proportions; smooth when it shrinks.
pub(crate) fn resize(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    sightline_resize::resize(image, width, height, Filter::Bilinear)
}

/// A part of a photo, at least one pixel, and the pixel where it begins.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn cut_out(image: &RgbImage, part: BoundingBox) -> (Pixel, RgbImage) {
    let (width, height) = dimensions(image);
    let (left, top) = ((part.left * width).floor(), (part.top * height).floor());
    let (right, bottom) = (((part.left + part.width) * width).ceil(), ((part.top + part.height) * height).ceil());
    let cut = crop_imm(image, left as u32, top as u32, (right - left).max(1.) as u32, (bottom - top).max(1.) as u32);
    ([left, top], cut.to_image())
}

/// The size of the image, shrunk if it has more than about `most` pixels, enlarged (each side at most twice) if it has fewer than `least`.
/// Each side is a multiple of `step`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub(crate) fn size_between(image: &RgbImage, least: f32, most: f32, step: u32) -> (u32, u32) {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let area = width * height;
    let scale = (area.clamp(least, most) / area).sqrt().min(2.);
    let side = |length: f32| ((length * scale / step as f32).round() as u32).max(1) * step;
    (side(width), side(height))
}

/// The normalisation that a model expects: (value − mean) · scale, per channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normalization {
    /// Of red, green and blue; pixels are 0–255.
    pub mean: [f32; 3],
    /// Of red, green and blue.
    pub scale: [f32; 3],
}

impl Normalization {
    /// The same for all channels.
    pub const fn same(mean: f32, scale: f32) -> Self {
        Self { mean: [mean; 3], scale: [scale; 3] }
    }
}

/// Converts an image to three planes: red, green, blue.
pub(crate) fn planes(image: &RgbImage, normalization: Normalization) -> Vec<f32> {
    let pixels = image.as_raw();
    let mut data = Vec::with_capacity(pixels.len());
    for ((channel, mean), scale) in normalization.mean.into_iter().enumerate().zip(normalization.scale) {
        data.extend(pixels.iter().skip(channel).step_by(3).map(|&value| (f32::from(value) - mean) * scale));
    }
    data
}

/// Converts an image to three planes: blue, green, red.
pub(crate) fn planes_reversed(image: &RgbImage, normalization: Normalization) -> Vec<f32> {
    let planes = planes(image, normalization);
    let size = planes.len() / 3;
    planes.rchunks(size.max(1)).flatten().copied().collect()
}

/// The luma of a pixel, 0–255 (ITU-R BT.601).
pub(crate) fn luma(pixel: Rgb<u8>) -> f32 {
    let [red, green, blue] = pixel.0.map(f32::from);
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// Maps the pixels of a crop to the image by rotation, scaling and translation: p ↦ a·p + b in complex numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    a: Pixel,
    b: Pixel,
}

impl Placement {
    /// A square of `side` image pixels around `centre`, turned by `angle` (radians, clockwise), for a crop of `crop` pixels per side.
    pub fn square(centre: Pixel, side: f32, angle: f32, crop: u32) -> Self {
        let scale = side / u32_as_f32(crop);
        let a = [scale * angle.cos(), scale * angle.sin()];
        let half = u32_as_f32(crop) / 2.;
        let [x, y] = times(a, [half, half]);
        Self { a, b: [centre[0] - x, centre[1] - y] }
    }

    /// A crop with its top left corner at `corner` and its rows along `along` (image pixels per crop pixel).
    pub fn at(corner: Pixel, along: Pixel) -> Self {
        Self { a: along, b: corner }
    }

    /// The placement that maps the crop's points closest to the image's points (least squares).
    pub fn matching(crop: &[Pixel], image: &[Pixel]) -> Self {
        let (from, to) = (mean(crop), mean(image));
        let mut product = [0., 0.];
        let mut square = f32::EPSILON;
        for (c, i) in crop.iter().zip(image) {
            let (c, i) = ([c[0] - from[0], c[1] - from[1]], [i[0] - to[0], i[1] - to[1]]);
            let [x, y] = times([c[0], -c[1]], i);
            product = [product[0] + x, product[1] + y];
            square += c[0] * c[0] + c[1] * c[1];
        }
        let a = product.map(|part| part / square);
        let [x, y] = times(a, from);
        Self { a, b: [to[0] - x, to[1] - y] }
    }

    /// Maps a point of the crop to the image.
    pub fn apply(&self, point: Pixel) -> Pixel {
        let [x, y] = times(self.a, point);
        [x + self.b[0], y + self.b[1]]
    }

    /// Image pixels per crop pixel.
    pub fn scale(&self) -> f32 {
        self.a[0].hypot(self.a[1])
    }

    /// Cuts the crop out of the image. Beyond the edges, the outermost pixels are repeated.
    pub fn crop(&self, image: &RgbImage, width: u32, height: u32) -> RgbImage {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let samples = self.scale().ceil().clamp(1., MAX_SAMPLES) as u16;
        let step = 1. / f32::from(samples);
        RgbImage::from_fn(width, height, |x, y| {
            let mut sum = [0.; 3];
            for (column, row) in (0..samples).flat_map(|row| (0..samples).map(move |column| (column, row))) {
                let offset = |index: u16| (f32::from(index) + 0.5) * step;
                let color = interpolate(image, self.apply([u32_as_f32(x) + offset(column), u32_as_f32(y) + offset(row)]));
                for (sum, part) in sum.iter_mut().zip(color) {
                    *sum += part;
                }
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Rgb(sum.map(|value| (value * step * step).round() as u8))
        })
    }
}

fn times(a: Pixel, b: Pixel) -> Pixel {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

fn mean(points: &[Pixel]) -> Pixel {
    let count = u32_as_f32(u32::try_from(points.len()).unwrap_or(1).max(1));
    let sum = points.iter().fold([0., 0.], |sum, point| [sum[0] + point[0], sum[1] + point[1]]);
    sum.map(|part| part / count)
}

/// The bilinear interpolation of the four pixels around a point; pixel centres are at halves.
fn interpolate(image: &RgbImage, [x, y]: Pixel) -> [f32; 3] {
    let (left, right, across) = neighbours(x, image.width());
    let (top, bottom, down) = neighbours(y, image.height());
    let row = |y| between(image.get_pixel(left, y).0.map(f32::from), image.get_pixel(right, y).0.map(f32::from), across);
    between(row(top), row(bottom), down)
}

/// Linear interpolation between two colours.
fn between(from: [f32; 3], to: [f32; 3], part: f32) -> [f32; 3] {
    let mut color = from;
    for (color, to) in color.iter_mut().zip(to) {
        *color += (to - *color) * part;
    }
    color
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn neighbours(position: f32, length: u32) -> (u32, u32, f32) {
    let last = length.saturating_sub(1);
    let position = (position - 0.5).clamp(0., u32_as_f32(last));
    let first = position as u32;
    (first, (first + 1).min(last), position.fract())
}

#[allow(clippy::cast_precision_loss)]
fn u32_as_f32(value: u32) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(a: Pixel, b: Pixel) -> bool {
        (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3
    }

    #[test]
    fn matching_maps_points_onto_each_other() {
        let truth = Placement::square([120., 80.], 50., 0.4, 64);
        let crop = [[10., 10.], [50., 12.], [30., 55.]];
        let found = Placement::matching(&crop, &crop.map(|point| truth.apply(point)));
        assert!(is_close(found.apply([64., 0.]), truth.apply([64., 0.])));
    }

    #[test]
    fn a_crop_of_the_whole_image_is_the_image() {
        let image = RgbImage::from_fn(8, 8, |x, y| Rgb([u8::try_from(x * 30).unwrap(), u8::try_from(y * 30).unwrap(), 7]));
        assert_eq!(Placement::square([4., 4.], 8., 0., 8).crop(&image, 8, 8), image);
    }

    #[test]
    fn a_crop_far_outside_the_image_repeats_its_edge() {
        let image = RgbImage::from_pixel(3, 200, Rgb([9, 8, 7]));
        let crop = Placement::square([-5000., 9000.], 400., 1., 16).crop(&image, 16, 16);
        assert!(crop.pixels().all(|pixel| pixel.0 == [9, 8, 7]));
    }
}
