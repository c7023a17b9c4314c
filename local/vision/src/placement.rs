//! Turned pieces of an image (faces, lines of text), cut out upright.

use image::{Rgb, RgbImage};

/// A place in an image or a chip, in its pixels.
pub(crate) type Pixel = [f32; 2];

/// Samples per chip pixel and direction are limited: a larger face needs no finer average.
const MOST_SAMPLES: f32 = 6.;

/// Turns, scales and moves (never mirrors) a chip's pixels to the image's: p ↦ a·p + b in complex numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    a: Pixel,
    b: Pixel,
}

impl Placement {
    /// The square of `side` image pixels around `centre`, turned by `angle` (radians, clockwise), cut into `chip` pixels a side.
    pub fn square(centre: Pixel, side: f32, angle: f32, chip: u32) -> Self {
        let scale = side / as_f32(chip);
        let a = [scale * angle.cos(), scale * angle.sin()];
        let half = as_f32(chip) / 2.;
        let [x, y] = times(a, [half, half]);
        Self { a, b: [centre[0] - x, centre[1] - y] }
    }

    /// The chip whose top left corner is at `corner`, whose rows run along `along` (image pixels per chip pixel).
    pub fn at(corner: Pixel, along: Pixel) -> Self {
        Self { a: along, b: corner }
    }

    /// The placement that brings the chip's points closest to the image's (least squares).
    pub fn matching(chip: &[Pixel], image: &[Pixel]) -> Self {
        let (from, to) = (mean(chip), mean(image));
        let mut product = [0., 0.];
        let mut square = f32::EPSILON;
        for (c, i) in chip.iter().zip(image) {
            let (c, i) = ([c[0] - from[0], c[1] - from[1]], [i[0] - to[0], i[1] - to[1]]);
            let [x, y] = times([c[0], -c[1]], i);
            product = [product[0] + x, product[1] + y];
            square += c[0] * c[0] + c[1] * c[1];
        }
        let a = product.map(|part| part / square);
        let [x, y] = times(a, from);
        Self { a, b: [to[0] - x, to[1] - y] }
    }

    /// Where a chip's place lies in the image.
    pub fn apply(&self, place: Pixel) -> Pixel {
        let [x, y] = times(self.a, place);
        [x + self.b[0], y + self.b[1]]
    }

    /// Image pixels per chip pixel.
    pub fn scale(&self) -> f32 {
        self.a[0].hypot(self.a[1])
    }

    /// Cuts the chip out of the image; beyond its edges the outermost pixels go on.
    pub fn cut(&self, image: &RgbImage, width: u32, height: u32) -> RgbImage {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let samples = self.scale().ceil().clamp(1., MOST_SAMPLES) as u16;
        let step = 1. / f32::from(samples);
        RgbImage::from_fn(width, height, |x, y| {
            let mut sum = [0.; 3];
            for (column, row) in (0..samples).flat_map(|row| (0..samples).map(move |column| (column, row))) {
                let offset = |index: u16| (f32::from(index) + 0.5) * step;
                let color = interpolate(image, self.apply([as_f32(x) + offset(column), as_f32(y) + offset(row)]));
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

fn mean(places: &[Pixel]) -> Pixel {
    let count = as_f32(u32::try_from(places.len()).unwrap_or(1).max(1));
    let sum = places.iter().fold([0., 0.], |sum, place| [sum[0] + place[0], sum[1] + place[1]]);
    sum.map(|part| part / count)
}

/// The colour at a place, between the four pixels around it (whose centres lie at halves).
fn interpolate(image: &RgbImage, [x, y]: Pixel) -> [f32; 3] {
    let (left, right, across) = neighbours(x, image.width());
    let (top, bottom, down) = neighbours(y, image.height());
    let row = |y| between(image.get_pixel(left, y).0.map(f32::from), image.get_pixel(right, y).0.map(f32::from), across);
    between(row(top), row(bottom), down)
}

/// The colour that lies a part of the way from one to another.
fn between(from: [f32; 3], to: [f32; 3], part: f32) -> [f32; 3] {
    let mut color = from;
    for (color, to) in color.iter_mut().zip(to) {
        *color += (to - *color) * part;
    }
    color
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn neighbours(place: f32, length: u32) -> (u32, u32, f32) {
    let last = length.saturating_sub(1);
    let place = (place - 0.5).clamp(0., as_f32(last));
    let first = place as u32;
    (first, (first + 1).min(last), place.fract())
}

#[allow(clippy::cast_precision_loss)]
fn as_f32(value: u32) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Pixel, b: Pixel) -> bool {
        (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3
    }

    #[test]
    fn matching_points_land_on_each_other() {
        let truth = Placement::square([120., 80.], 50., 0.4, 64);
        let chip = [[10., 10.], [50., 12.], [30., 55.]];
        let found = Placement::matching(&chip, &chip.map(|place| truth.apply(place)));
        assert!(close(found.apply([64., 0.]), truth.apply([64., 0.])));
    }

    #[test]
    fn a_chip_of_the_whole_image_is_the_image() {
        let image = RgbImage::from_fn(8, 8, |x, y| Rgb([u8::try_from(x * 30).unwrap(), u8::try_from(y * 30).unwrap(), 7]));
        assert_eq!(Placement::square([4., 4.], 8., 0., 8).cut(&image, 8, 8), image);
    }

    #[test]
    fn a_chip_far_outside_the_image_is_its_edge() {
        let image = RgbImage::from_pixel(3, 200, Rgb([9, 8, 7]));
        let chip = Placement::square([-5000., 9000.], 400., 1., 16).cut(&image, 16, 16);
        assert!(chip.pixels().all(|pixel| pixel.0 == [9, 8, 7]));
    }
}
