//! How close the copies are to the picture: structural similarity (Wang et al. 2004) with an exact reduction that is not compressed.

use crate::pictures::{accepted, decoded, png};
use image::{Rgb, RgbImage, imageops};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// A picture like a photo, larger than the copy: soft gradients, fine texture, and sharp edges between saturated colours.
fn scene() -> RgbImage {
    let wave = |at: u32, length: f64| (f64::from(at) / length).sin();
    RgbImage::from_fn(2500, 1700, |x, y| {
        let texture = 14.0 * wave(x, 2.3) * wave(y, 3.1) + 9.0 * wave(x * x / 900, 5.0);
        let soft = [120.0 + 70.0 * wave(x, 380.0), 130.0 + 60.0 * wave(y, 290.0), 110.0 + 50.0 * wave(x + y, 410.0)];
        let shape = [[60.0, -40.0, -50.0], [-60.0, 50.0, -20.0], [-30.0, -30.0, 70.0], [0.0; 3]][((x / 170 + y / 130) % 4) as usize];
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Rgb([0, 1, 2].map(|channel| (soft[channel] + shape[channel] + texture).clamp(0.0, 255.0) as u8))
    })
}

fn jpeg(picture: &RgbImage, sampling: SamplingFactor) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_sampling_factor(sampling);
    let side = |side: u32| u16::try_from(side).unwrap();
    encoder.encode(picture, side(picture.width()), side(picture.height()), ColorType::Rgb).unwrap();
    bytes
}

/// Brightness and two differences of colour, each 0–255.
fn planes(picture: &RgbImage) -> [Vec<f64>; 3] {
    let plane = |weights: [f64; 3], zero: f64| {
        let value = |pixel: &Rgb<u8>| zero + pixel.0.iter().zip(weights).map(|(channel, weight)| f64::from(*channel) * weight).sum::<f64>();
        picture.pixels().map(value).collect()
    };
    [plane([0.299, 0.587, 0.114], 0.0), plane([-0.169, -0.331, 0.5], 128.0), plane([0.5, -0.419, -0.081], 128.0)]
}

/// Mean structural similarity of two planes, in squares of 8 × 8; 1 if they are equal.
fn similarity(one: &[f64], other: &[f64], width: usize) -> f64 {
    const SIDE: usize = 8;
    let height = one.len() / width;
    let square = |x: usize, y: usize| {
        let places = (0..SIDE * SIDE).map(move |at| (y + at / SIDE) * width + x + at % SIDE);
        let [mut a, mut b, mut aa, mut bb, mut ab] = [0.0; 5];
        for (a_, b_) in places.map(|at| (one[at], other[at])) {
            (a, b, aa, bb, ab) = (a + a_, b + b_, aa + a_ * a_, bb + b_ * b_, ab + a_ * b_);
        }
        let [a, b, aa, bb, ab] = [a, b, aa, bb, ab].map(|sum| sum / 64.0);
        let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
        (2.0 * a * b + c1) * (2.0 * (ab - a * b) + c2) / ((a * a + b * b + c1) * (aa - a * a + bb - b * b + c2))
    };
    let squares: Vec<f64> =
        (0..height / SIDE).flat_map(|y| (0..width / SIDE).map(move |x| (x * SIDE, y * SIDE))).map(|(x, y)| square(x, y)).collect();
    #[allow(clippy::cast_precision_loss)]
    let count = squares.len() as f64;
    squares.iter().sum::<f64>() / count
}

/// Similarity of brightness and of both colours of a JPEG to the exact reduction of `scene` to its size.
fn of_copy(scene: &RgbImage, copy: &[u8]) -> [f64; 3] {
    let copy = decoded(copy);
    let exact = planes(&imageops::resize(scene, copy.width(), copy.height(), imageops::FilterType::Lanczos3));
    let ours = planes(&copy);
    [0, 1, 2].map(|plane| similarity(&exact[plane], &ours[plane], copy.width() as usize))
}

/// The lower bounds are a little below what the copies reach. Smaller copies have a lower quality.
#[test]
fn the_copies_look_like_the_picture() {
    let scene = scene();
    let half = [[0.99, 0.975, 0.97], [0.9, 0.91, 0.89], [0.945, 0.87, 0.855]];
    let full = [[0.99, 0.99, 0.99], [0.9, 0.97, 0.97], [0.945, 0.97, 0.97]];
    for (case, file, least) in [
        ("4:2:0", jpeg(&scene, SamplingFactor::F_2_2), half),
        ("4:4:4", jpeg(&scene, SamplingFactor::F_1_1), full),
        ("PNG", png(scene.clone()), full),
    ] {
        let inspected = accepted(&file);
        let copies = [&inspected.copy, inspected.large_thumbnail.as_ref().unwrap(), &inspected.thumbnail];
        for (copy, least) in copies.into_iter().zip(least) {
            let found = of_copy(&scene, copy);
            assert!(found.iter().zip(least).all(|(found, least)| *found >= least), "{case}: {found:.4?}, at least {least:?}");
        }
    }
}

#[test]
fn colour_keeps_the_resolution_that_the_file_has() {
    // Red and green columns: at half the resolution, both are brown.
    let columns = RgbImage::from_fn(200, 200, |x, _| Rgb(if x % 2 == 0 { [255, 0, 0] } else { [0, 130, 0] }));
    let contrast = |file: &[u8]| {
        let copy = decoded(&accepted(file).copy);
        copy.get_pixel(100, 100)[0].abs_diff(copy.get_pixel(101, 100)[0])
    };
    assert!(contrast(&png(columns.clone())) > 200 && contrast(&jpeg(&columns, SamplingFactor::F_1_1)) > 200);
    assert!(contrast(&jpeg(&columns, SamplingFactor::F_2_2)) < 60);
}
