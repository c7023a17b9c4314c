//! Reads the answer of `DetectFaces`.

use crate::model::analysis::Question;
use crate::model::{
    analysis::{Analysis, Outcome},
    findings::{AgeRange, Face, FacesFound, Guess, MAX_EMOTIONS, Pose, Quality, Scored},
    image::{BoundingBox, percent},
    layout,
};
use crate::rules::analysis::AnalysisRules;
use serde::Deserialize;

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

/// How faces are read.
#[derive(Debug, Clone, Copy)]
pub struct FaceRules {
    /// Percent; faces below this are not stored.
    pub min_confidence: f64,
}

impl AnalysisRules for FaceRules {
    const ANALYSIS: Analysis = Analysis::Faces;
    type Answer = DetectFacesAnswer;
    type Found = FacesFound;

    fn question(&self) -> Question {
        Question::FACES
    }

    fn read(&self, image_id: &str, answer: &DetectFacesAnswer) -> FacesFound {
        let mut face_data: Vec<Face> =
            answer.face_details.iter().map(Face::from).filter(|face| face.confidence >= self.min_confidence).collect();
        face_data.sort_by(|a, b| b.r#box.area().total_cmp(&a.r#box.area()));
        FacesFound { outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Faces) }, face_data }
    }

    fn count(answer: &DetectFacesAnswer, found: &FacesFound) -> (usize, usize) {
        (answer.face_details.len(), found.face_data.len())
    }
}
