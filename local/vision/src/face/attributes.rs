//! Age, gender, emotion and image quality of a face. The first three are estimates of how it looks.

use image::RgbImage;

use super::types::{AgeRange, Emotion, EmotionKind, Gender, GenderEstimate, Quality, Verdict};
use crate::pixels::{self, Normalization, Pixel, Placement};
use crate::runtime::{Model, VisionError};

pub(super) const AGE: &str = "age.onnx";
pub(super) const GENDER: &str = "gender.onnx";
pub(super) const EMOTION: &str = "emotion.onnx";

const AGE_SIDE: u32 = 64;
const GENDER_SIDE: u32 = 32;
const EMOTION_SIDE: u32 = 64;
/// Sides of two crops, in longer sides of the detector's box. The model's scores vary with the crop, so the mean of both is used.
const EMOTION_CROPS: [f32; 2] = [1.25, 1.5];
/// Of both dlib models.
const NORMALIZATION: Normalization = Normalization { mean: [122.782, 117.001, 104.298], scale: [1. / 256.; 3] };
/// dlib's mean face in a unit square: corners of the eyes, the viewer's left first, and the base of the nose.
const MEAN_FACE: [Pixel; 5] =
    [[0.120_575, 0.213_727], [0.334_085, 0.229_064], [0.646_060, 0.228_967], [0.859_567, 0.213_498], [0.490_112, 0.627_798]];
/// Padding around the unit square.
const PADDING: f32 = 0.2;
/// Fraction of the age distribution that the range excludes at each end.
const TAIL: f32 = 0.1;
/// Minimum distance from the mean to each end of the range, because the model is less accurate than its distribution suggests.
const MIN_HALF_RANGE: f32 = 4.;

/// The variance of the Laplacian that counts as a sharpness of two thirds.
const SHARP_VARIANCE: f32 = 300.;

/// The crop that dlib's models expect. `points` correspond to `MEAN_FACE`, in image pixels.
fn dlib_crop(image: &RgbImage, points: &[Pixel; 5], side: u32) -> RgbImage {
    let unit = f32::from(u16::try_from(side).unwrap_or(1)) / (1. + 2. * PADDING);
    let crop = MEAN_FACE.map(|point| point.map(|part| (part + PADDING) * unit));
    Placement::matching(&crop, points).crop(image, side, side)
}

/// The likely age range.
pub(super) fn age(model: &Model, image: &RgbImage, points: &[Pixel; 5]) -> Result<AgeRange, VisionError> {
    let data = pixels::planes(&dlib_crop(image, points, AGE_SIDE), NORMALIZATION);
    model.run([1, 3, AGE_SIDE as usize, AGE_SIDE as usize], &data, |[years]| Some(range(years.data)))
}

/// The range between the tails of an age distribution in years from 0.
fn range(years: &[f32]) -> AgeRange {
    let mut below = 0.;
    let (mut low, mut high, mut mean) = (0., 0., 0.);
    for (age, share) in (0_u8..).zip(years) {
        let age = f32::from(age);
        if below < TAIL {
            low = age;
        }
        if below < 1. - TAIL {
            high = age;
        }
        below += share;
        mean += age * share;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = |age: f32| age.round().clamp(0., 120.) as u8;
    AgeRange { low: whole(f32::min(low, mean - MIN_HALF_RANGE)), high: whole(f32::max(high, mean + MIN_HALF_RANGE)) }
}

/// The value with the higher score.
pub(super) fn gender(model: &Model, image: &RgbImage, points: &[Pixel; 5]) -> Result<GenderEstimate, VisionError> {
    let data = pixels::planes(&dlib_crop(image, points, GENDER_SIDE), NORMALIZATION);
    model.run([1, 3, GENDER_SIDE as usize, GENDER_SIDE as usize], &data, |[scores]| match *scores.data {
        [female, male] if female >= male => Some(GenderEstimate { value: Gender::Female, confidence: 100. * female }),
        [_, male] => Some(GenderEstimate { value: Gender::Male, confidence: 100. * male }),
        _ => None,
    })
}

/// All emotions, highest confidence first. `centre` and `side` are the centre and the longer side of the face's box, `angle` the angle of the
/// line between the eyes.
pub(super) fn emotions(model: &Model, image: &RgbImage, centre: Pixel, side: f32, angle: f32) -> Result<Vec<Emotion>, VisionError> {
    use EmotionKind::{Angry, Calm, Disgusted, Fear, Happy, Sad, Surprised};
    let mut emotions = [Angry, Disgusted, Fear, Happy, Sad, Surprised, Calm].map(|kind| Emotion { kind, confidence: 0. });
    for scale in EMOTION_CROPS {
        let crop = Placement::square(centre, side * scale, angle, EMOTION_SIDE).crop(image, EMOTION_SIDE, EMOTION_SIDE);
        let data: Vec<f32> = crop.pixels().map(|&pixel| pixels::luma(pixel) / 127.5 - 1.).collect();
        let scores: [f32; 7] =
            model.run([1, 1, EMOTION_SIDE as usize, EMOTION_SIDE as usize], &data, |[scores]| scores.data.try_into().ok())?;
        for (emotion, score) in emotions.iter_mut().zip(scores) {
            emotion.confidence += 100. * score / 2.;
        }
    }
    emotions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Ok(emotions.to_vec())
}

/// Whether a face smiles, from the confidence of `Happy`.
pub(super) fn smile(emotions: &[Emotion]) -> Option<Verdict> {
    let happy = emotions.iter().find(|emotion| emotion.kind == EmotionKind::Happy)?.confidence;
    Some(Verdict { value: happy >= 50., confidence: happy.max(100. - happy) })
}

/// Brightness and sharpness of a crop of the face.
pub(super) fn quality(crop: &RgbImage) -> Quality {
    let light: Vec<f32> = crop.pixels().map(|&pixel| pixels::luma(pixel)).collect();
    let mean = average(light.iter().copied());
    let width = crop.width() as usize;
    // The Laplacian of all inner pixels; pixels at the edges lack neighbours.
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
    Quality { brightness: mean / 2.55, sharpness: 100. * (1. - (-variance / SHARP_VARIANCE).exp()) }
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
    fn a_certain_age_still_has_a_range() {
        let mut years = [0.; 81];
        years[30] = 1.;
        assert_eq!(range(&years), AgeRange { low: 26, high: 34 });
    }

    #[test]
    fn an_uncertain_age_has_a_wide_range() {
        let years = [1. / 81.; 81];
        let AgeRange { low, high } = range(&years);
        assert!((7..=9).contains(&low) && (71..=73).contains(&high), "{low}–{high}");
    }

    #[test]
    fn an_age_is_not_negative() {
        let mut years = [0.; 81];
        years[0] = 1.;
        assert_eq!(range(&years), AgeRange { low: 0, high: 4 });
    }

    #[test]
    fn a_flat_crop_has_no_sharpness() {
        let quality = quality(&RgbImage::from_pixel(64, 64, Rgb([128; 3])));
        assert!(quality.sharpness < 0.1);
        assert!((quality.brightness - 50.2).abs() < 0.1);
    }

    #[test]
    fn a_finely_striped_crop_is_sharp() {
        let quality = quality(&RgbImage::from_fn(64, 64, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3])));
        assert!(quality.sharpness > 99.);
    }
}
