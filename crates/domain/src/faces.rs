//! Faces: what Rekognition's `DetectFaces` answers, and what we keep of it.

use crate::{
    analysis::{Analysis, Outcome},
    geometry::{BoundingBox, percent},
    labels::Scored,
    layout,
};
use serde::{Deserialize, Serialize};

/// The answer of `DetectFaces`, as far as we read it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectFacesAnswer {
    /// The faces.
    pub face_details: Vec<FaceDetail>,
}

/// A face as Rekognition reports it (API reference, `FaceDetail`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FaceDetail {
    bounding_box: BoundingBox,
    #[serde(default)]
    confidence: f64,
    age_range: Option<AgeRange>,
    gender: Option<Guess<String>>,
    smile: Option<Guess<bool>>,
    eyeglasses: Option<Guess<bool>>,
    sunglasses: Option<Guess<bool>>,
    beard: Option<Guess<bool>>,
    mustache: Option<Guess<bool>>,
    eyes_open: Option<Guess<bool>>,
    mouth_open: Option<Guess<bool>>,
    #[serde(default)]
    emotions: Vec<Emotion>,
    pose: Option<Pose>,
    quality: Option<Quality>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Emotion {
    r#type: String,
    confidence: f64,
}

/// An estimated age, in years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgeRange {
    /// From.
    pub low: i32,
    /// To.
    pub high: i32,
}

/// A guess with its confidence in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Guess<T> {
    /// What is guessed.
    pub value: T,
    /// Percent.
    #[serde(default)]
    pub confidence: f64,
}

/// Where a face looks, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pose {
    /// Tilt of the head.
    pub roll: f64,
    /// Left or right.
    pub yaw: f64,
    /// Up or down.
    pub pitch: f64,
}

/// How well a face can be seen, 0–100 each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Quality {
    /// Brightness.
    pub brightness: f64,
    /// Sharpness.
    pub sharpness: f64,
}

/// A face of a record. Age, gender and emotions are estimates of how a face looks, not facts about a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Face {
    /// Where.
    pub r#box: BoundingBox,
    /// Percent that this is a face.
    pub confidence: f64,
    /// Estimated age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_range: Option<AgeRange>,
    /// Estimated gender, `Female` or `Male`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Guess<String>>,
    /// The likeliest emotions, at most [`MAX_EMOTIONS`].
    #[serde(default)]
    pub emotions: Vec<Scored>,
    /// What the face wears or does, such as `Smile` or `Eyeglasses`, as far as the answer says yes.
    #[serde(default)]
    pub attributes: Vec<Scored>,
    /// Where it looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pose: Option<Pose>,
    /// How well it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// Emotions kept per face; the whole answer in `results/` has all of them.
pub const MAX_EMOTIONS: usize = 3;

impl From<&FaceDetail> for Face {
    fn from(detail: &FaceDetail) -> Self {
        let mut emotions: Vec<Scored> = detail
            .emotions
            .iter()
            .map(|emotion| Scored { name: emotion.r#type.clone(), confidence: percent(emotion.confidence) })
            .collect();
        emotions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        emotions.truncate(MAX_EMOTIONS);
        Self {
            r#box: detail.bounding_box.rounded(),
            confidence: percent(detail.confidence),
            age_range: detail.age_range,
            gender: detail.gender.as_ref().map(|guess| Guess { value: guess.value.clone(), confidence: percent(guess.confidence) }),
            emotions,
            attributes: detail.attributes(),
            pose: detail.pose.map(|Pose { roll, yaw, pitch }| Pose { roll: percent(roll), yaw: percent(yaw), pitch: percent(pitch) }),
            quality: detail
                .quality
                .map(|Quality { brightness, sharpness }| Quality { brightness: percent(brightness), sharpness: percent(sharpness) }),
        }
    }
}

impl FaceDetail {
    fn attributes(&self) -> Vec<Scored> {
        [
            ("Smile", self.smile),
            ("Eyeglasses", self.eyeglasses),
            ("Sunglasses", self.sunglasses),
            ("Beard", self.beard),
            ("Mustache", self.mustache),
            ("EyesOpen", self.eyes_open),
            ("MouthOpen", self.mouth_open),
        ]
        .into_iter()
        .filter_map(|(name, guess)| guess.filter(|guess| guess.value).map(|guess| (name, guess.confidence)))
        .map(|(name, confidence)| Scored { name: name.to_owned(), confidence: percent(confidence) })
        .collect()
    }
}

/// What the state machine carries of the faces, found or skipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FacesFound {
    /// What became of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The faces, largest first.
    #[serde(default)]
    pub face_data: Vec<Face>,
}

impl FacesFound {
    /// Reads an answer, keeping faces at or above `min_confidence` percent.
    pub fn read(image_id: &str, answer: &DetectFacesAnswer, min_confidence: f64) -> Self {
        let mut face_data: Vec<Face> =
            answer.face_details.iter().map(Face::from).filter(|face| face.confidence >= min_confidence).collect();
        face_data.sort_by(|a, b| b.r#box.area().total_cmp(&a.r#box.area()));
        Self { outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Faces) }, face_data }
    }
}
