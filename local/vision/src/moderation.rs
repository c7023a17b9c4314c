//! Detects nudity, with the names of Rekognition's moderation taxonomy.
//!
//! Two classifiers measure how revealing a photo is; neither detects which part of a body is bare. So there are no names of level 3, and at
//! level 2 only those that mean nudity in general.

use image::RgbImage;
use image::imageops::crop_imm;
use serde::Serialize;

use crate::pixels::{self, Normalization};
use crate::runtime::{Model, Runtime, VisionError};

/// Yahoo's `open_nsfw`.
const OPEN_NSFW: &str = "open-nsfw.onnx";
/// nsfwjs, the medium one of its models.
const NSFWJS: &str = "nsfwjs.onnx";
const SIDE: u32 = 224;
/// `open_nsfw` gets the middle of an image of this size.
const OPEN_NSFW_WHOLE: u32 = 256;
const OPEN_NSFW_MEAN: [f32; 3] = [104., 117., 123.]; // blue, green, red

/// Highest confidence for a photo without any sign of a person: below the default minimum of a request (50). Of 751 harmless photos, only one of
/// bananas was taken for explicit by both models.
const WITHOUT_PERSON: f32 = 49.;

const EXPLICIT: &str = "Explicit";
const NON_EXPLICIT: &str = "Non-Explicit Nudity of Intimate parts and Kissing";
const SWIMWEAR: &str = "Swimwear or Underwear";

/// The result of the two models.
#[derive(Debug, Clone, PartialEq)]
pub struct Moderation {
    /// The raw scores.
    pub scores: ModerationScores,
    /// All levels of all flags with any confidence, highest first; the caller filters by its minimum.
    pub labels: Vec<ModerationLabel>,
}

/// Raw class scores, 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModerationScores {
    /// `open_nsfw`: not safe for work.
    pub open_nsfw: f32,
    /// nsfwjs: a harmless drawing.
    pub drawing: f32,
    /// nsfwjs: a pornographic drawing.
    pub hentai: f32,
    /// nsfwjs: a harmless photo.
    pub neutral: f32,
    /// nsfwjs: a pornographic photo.
    pub porn: f32,
    /// nsfwjs: a revealing photo, not pornographic.
    pub sexy: f32,
}

/// One level of a flag, with the names of Rekognition's moderation taxonomy (version 7).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModerationLabel {
    /// e.g. `Explicit Nudity`.
    pub name: &'static str,
    /// The name one level up; empty at level 1, as in Rekognition.
    pub parent_name: &'static str,
    /// 1–3.
    pub taxonomy_level: u8,
    /// 0–100.
    pub confidence: f32,
}

/// The two models for moderation.
#[derive(Debug)]
pub(crate) struct ModerationModels {
    open_nsfw: Model,
    nsfwjs: Model,
}

impl ModerationModels {
    /// Opens both.
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self { open_nsfw: runtime.open(OPEN_NSFW)?, nsfwjs: runtime.open(NSFWJS)? })
    }

    /// Scores the photo with both models and maps the scores to Rekognition's names. `person` says whether there may be a person in it.
    pub fn moderate(&self, image: &RgbImage, person: bool) -> Result<Moderation, VisionError> {
        let open_nsfw = score_open_nsfw(&self.open_nsfw, image)?;
        let [drawing, hentai, neutral, porn, sexy] = score_nsfwjs(&self.nsfwjs, image)?;
        let scores = ModerationScores { open_nsfw, drawing, hentai, neutral, porn, sexy };
        Ok(Moderation { scores, labels: labels(scores, person) })
    }
}

fn score_open_nsfw(model: &Model, image: &RgbImage) -> Result<f32, VisionError> {
    let whole = pixels::resize(image, OPEN_NSFW_WHOLE, OPEN_NSFW_WHOLE);
    let offset = (OPEN_NSFW_WHOLE - SIDE) / 2;
    let middle = crop_imm(&whole, offset, offset, SIDE, SIDE).to_image();
    let blue_green_red = middle.pixels().flat_map(|pixel| {
        let [red, green, blue] = pixel.0.map(f32::from);
        [blue, green, red]
    });
    let data: Vec<f32> = blue_green_red.zip(OPEN_NSFW_MEAN.into_iter().cycle()).map(|(value, mean)| value - mean).collect();
    model.run([1, SIDE as usize, SIDE as usize, 3], &data, |[scores]| scores.data.get(1).copied())
}

fn score_nsfwjs(model: &Model, image: &RgbImage) -> Result<[f32; 5], VisionError> {
    let data = pixels::planes(&pixels::resize(image, SIDE, SIDE), Normalization::same(0., 1. / 255.));
    model.run([1, 3, SIDE as usize, SIDE as usize], &data, |[scores]| scores.data.try_into().ok())
}

/// Every level of every flag, highest confidence first.
fn labels(scores: ModerationScores, person: bool) -> Vec<ModerationLabel> {
    let sexy = scores.sexy;
    // The geometric mean: a photo is explicit only if both models say so.
    let explicit = (scores.open_nsfw * (scores.porn + scores.hentai)).max(0.).sqrt();
    // In a revealing photo, a high score of `open_nsfw` means bare skin, a low one underwear or swimwear.
    let non_explicit = sexy * scores.open_nsfw;
    let swimwear = sexy * (1. - scores.open_nsfw);
    let mut labels = vec![
        label(EXPLICIT, "", 1, explicit),
        label("Explicit Nudity", EXPLICIT, 2, explicit),
        label(NON_EXPLICIT, "", 1, non_explicit),
        label("Non-Explicit Nudity", NON_EXPLICIT, 2, non_explicit),
        label(SWIMWEAR, "", 1, swimwear),
    ];
    if !person {
        for label in &mut labels {
            label.confidence = label.confidence.min(WITHOUT_PERSON);
        }
    }
    labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    labels
}

fn label(name: &'static str, parent_name: &'static str, taxonomy_level: u8, score: f32) -> ModerationLabel {
    ModerationLabel { name, parent_name, taxonomy_level, confidence: 100. * score.clamp(0., 1.) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARMLESS: ModerationScores = ModerationScores { open_nsfw: 0.02, drawing: 0.01, hentai: 0., neutral: 0.98, porn: 0., sexy: 0.01 };

    fn confidence(scores: ModerationScores, name: &str) -> f32 {
        labels(scores, true).iter().find(|label| label.name == name).unwrap().confidence
    }

    #[test]
    fn a_harmless_photo_stays_below_any_reasonable_threshold() {
        assert!(labels(HARMLESS, true).iter().all(|label| label.confidence < 5.));
    }

    #[test]
    fn a_photo_is_only_explicit_with_high_confidence_if_both_models_agree() {
        let agreed = ModerationScores { open_nsfw: 0.96, neutral: 0.02, porn: 0.9, ..HARMLESS };
        let alone = ModerationScores { porn: 0.9, neutral: 0.1, ..HARMLESS };
        assert!(confidence(agreed, "Explicit Nudity") > 90.);
        assert!(confidence(alone, "Explicit") < 50.);
        assert!(confidence(ModerationScores { open_nsfw: 0.95, porn: 0.05, ..HARMLESS }, "Explicit") < 30., "a bride");
    }

    #[test]
    fn without_a_person_no_flag_reaches_the_minimum_of_a_request() {
        let bananas = ModerationScores { open_nsfw: 0.8, neutral: 0.05, porn: 0.9, ..HARMLESS };
        assert!(labels(bananas, true).iter().any(|label| label.confidence >= 80.));
        assert!(labels(bananas, false).iter().all(|label| label.confidence < 50.));
    }

    #[test]
    fn open_nsfw_separates_nudity_from_swimwear_in_a_revealing_photo() {
        let beach = ModerationScores { open_nsfw: 0.1, neutral: 0.1, sexy: 0.9, ..HARMLESS };
        let bare = ModerationScores { open_nsfw: 0.8, neutral: 0.1, sexy: 0.9, ..HARMLESS };
        assert!(confidence(beach, SWIMWEAR) > confidence(beach, NON_EXPLICIT));
        assert!(confidence(bare, NON_EXPLICIT) > confidence(bare, SWIMWEAR));
    }

    #[test]
    fn every_label_has_its_parent_with_at_least_the_same_confidence() {
        let scores = ModerationScores { open_nsfw: 0.6, neutral: 0.2, porn: 0.4, sexy: 0.4, ..HARMLESS };
        let all = labels(scores, true);
        for label in all.iter().filter(|label| label.taxonomy_level > 1) {
            let parent = all.iter().find(|other| other.name == label.parent_name).unwrap();
            assert!(parent.confidence >= label.confidence && parent.taxonomy_level == label.taxonomy_level - 1);
        }
    }
}
