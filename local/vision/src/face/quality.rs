//! How well a face can be seen.

use image::RgbImage;

use super::Quality;
use crate::pixels::luma;

/// The variance of the Laplacian at which a face counts as two thirds sharp.
const SHARP: f32 = 300.;

/// Measures a chip of the face.
pub(super) fn measure(chip: &RgbImage) -> Quality {
    let light: Vec<f32> = chip.pixels().map(|&pixel| luma(pixel)).collect();
    let mean = average(light.iter().copied());
    let width = chip.width() as usize;
    // Rows above, at and below each inner pixel; the edges have no neighbours.
    let rows: Vec<&[f32]> = light.chunks_exact(width.max(1)).collect();
    let edges: Vec<f32> = rows
        .windows(3)
        .flat_map(|rows| match rows {
            [above, row, below] => inner_edges(above, row, below),
            _ => Vec::new(),
        })
        .collect();
    let edge_mean = average(edges.iter().copied());
    let variance = average(edges.iter().map(|edge| (edge - edge_mean).powi(2)));
    Quality { brightness: mean / 2.55, sharpness: 100. * (1. - (-variance / SHARP).exp()) }
}

fn inner_edges(above: &[f32], row: &[f32], below: &[f32]) -> Vec<f32> {
    let vertical = above.iter().zip(below).map(|(above, below)| above + below).skip(1);
    let horizontal = row.windows(3).filter_map(|window| match window {
        &[left, middle, right] => Some(left + right - 4. * middle),
        _ => None,
    });
    vertical.zip(horizontal).map(|(vertical, horizontal)| vertical + horizontal).collect()
}

fn average(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0., 0.), |(sum, count), value| (sum + value, count + 1.));
    if count > 0. { sum / count } else { 0. }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_flat_chip_has_no_sharpness_and_its_own_brightness() {
        let quality = measure(&RgbImage::from_pixel(64, 64, Rgb([128; 3])));
        assert!(quality.sharpness < 0.1);
        assert!((quality.brightness - 50.2).abs() < 0.1);
    }

    #[test]
    fn a_finely_striped_chip_is_sharp() {
        let quality = measure(&RgbImage::from_fn(64, 64, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3])));
        assert!(quality.sharpness > 99.);
    }
}
