//! Age, gender and emotion. All three are estimates of how a face looks.

use image::RgbImage;

use super::{AgeRange, Emotion, EmotionKind, Gender, GenderEstimate, Verdict};
use crate::VisionError;
use crate::pixels::{self, Normal};
use crate::placement::{Pixel, Placement};
use crate::runtime::Model;

pub(super) const AGE: &str = "age.onnx";
pub(super) const GENDER: &str = "gender.onnx";
pub(super) const EMOTION: &str = "emotion.onnx";

const AGE_SIDE: u32 = 64;
const GENDER_SIDE: u32 = 32;
const EMOTION_SIDE: u32 = 64;
/// The model saw looser and tighter photos, and wavers between them: both are asked. In longer sides of the detector's box.
const EMOTION_ROOM: [f32; 2] = [1.25, 1.5];
/// Of both dlib models.
const NORMAL: Normal = Normal { mean: [122.782, 117.001, 104.298], scale: [1. / 256.; 3] };
/// dlib's mean face: corners of the eyes, the viewer's left first, and the base of the nose, in a square of one.
const MEAN_FACE: [Pixel; 5] =
    [[0.120_575, 0.213_727], [0.334_085, 0.229_064], [0.646_060, 0.228_967], [0.859_567, 0.213_498], [0.490_112, 0.627_798]];
/// Room around that square, in squares.
const PADDING: f32 = 0.2;
/// The range leaves out as much of the distribution at either end.
const TAIL: f32 = 0.1;
/// The model errs by more than its own spread says: the range is at least as wide on either side.
const LEAST_HALF_RANGE: f32 = 4.;

/// The chip that dlib's models were trained on. `points` are as in `MEAN_FACE`, in image pixels.
fn dlib_chip(image: &RgbImage, points: &[Pixel; 5], side: u32) -> RgbImage {
    let unit = f32::from(u16::try_from(side).unwrap_or(1)) / (1. + 2. * PADDING);
    let chip = MEAN_FACE.map(|place| place.map(|part| (part + PADDING) * unit));
    Placement::matching(&chip, points).cut(image, side, side)
}

/// The likely ages.
pub(super) fn age(model: &Model, image: &RgbImage, points: &[Pixel; 5]) -> Result<AgeRange, VisionError> {
    let data = pixels::planes(&dlib_chip(image, points, AGE_SIDE), NORMAL);
    model.run([1, 3, AGE_SIDE as usize, AGE_SIDE as usize], &data, |[years]| Some(range(years.data)))
}

/// The ages between the tails of a distribution over years from 0.
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
    AgeRange { low: whole(f32::min(low, mean - LEAST_HALF_RANGE)), high: whole(f32::max(high, mean + LEAST_HALF_RANGE)) }
}

/// The likelier of two values.
pub(super) fn gender(model: &Model, image: &RgbImage, points: &[Pixel; 5]) -> Result<GenderEstimate, VisionError> {
    let data = pixels::planes(&dlib_chip(image, points, GENDER_SIDE), NORMAL);
    model.run([1, 3, GENDER_SIDE as usize, GENDER_SIDE as usize], &data, |[scores]| match *scores.data {
        [female, male] if female >= male => Some(GenderEstimate { value: Gender::Female, confidence: 100. * female }),
        [_, male] => Some(GenderEstimate { value: Gender::Male, confidence: 100. * male }),
        _ => None,
    })
}

/// All emotions, the likeliest first, of the face around `centre` whose box's longer side is `side` and whose eyes' line is turned by `angle`.
pub(super) fn emotions(model: &Model, image: &RgbImage, centre: Pixel, side: f32, angle: f32) -> Result<Vec<Emotion>, VisionError> {
    use EmotionKind::{Angry, Calm, Disgusted, Fear, Happy, Sad, Surprised};
    let mut emotions = [Angry, Disgusted, Fear, Happy, Sad, Surprised, Calm].map(|kind| Emotion { kind, confidence: 0. });
    for room in EMOTION_ROOM {
        let chip = Placement::square(centre, side * room, angle, EMOTION_SIDE).cut(image, EMOTION_SIDE, EMOTION_SIDE);
        let data: Vec<f32> = chip.pixels().map(|&pixel| pixels::luma(pixel) / 127.5 - 1.).collect();
        let scores: [f32; 7] =
            model.run([1, 1, EMOTION_SIDE as usize, EMOTION_SIDE as usize], &data, |[scores]| scores.data.try_into().ok())?;
        for (emotion, score) in emotions.iter_mut().zip(scores) {
            emotion.confidence += 100. * score / 2.;
        }
    }
    emotions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Ok(emotions.to_vec())
}

/// Whether a face smiles: how happy it looks.
pub(super) fn smile(emotions: &[Emotion]) -> Option<Verdict> {
    let happy = emotions.iter().find(|emotion| emotion.kind == EmotionKind::Happy)?.confidence;
    Some(Verdict { value: happy >= 50., confidence: happy.max(100. - happy) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_model_still_gives_a_range() {
        let mut years = [0.; 81];
        years[30] = 1.;
        assert_eq!(range(&years), AgeRange { low: 26, high: 34 });
    }

    #[test]
    fn an_unsure_model_gives_a_wide_range() {
        let years = [1. / 81.; 81];
        let AgeRange { low, high } = range(&years);
        assert!((7..=9).contains(&low) && (71..=73).contains(&high), "{low}–{high}");
    }

    #[test]
    fn a_baby_is_not_younger_than_nought() {
        let mut years = [0.; 81];
        years[0] = 1.;
        assert_eq!(range(&years), AgeRange { low: 0, high: 4 });
    }
}
