//! Reads the faces from an answer of `DetectFaces`.

use crate::model::{
    analysis::{Analysis, Outcome, Question},
    findings::{AgeRange, Estimate, Face, FacesFound, MAX_EMOTIONS, Pose, Quality, Scored},
    image::{BoundingBox, round_percent},
    layout,
};
use crate::rules::analysis::AnalysisRules;
use serde::Deserialize;

/// The answer of `DetectFaces`: the parts that are used.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectFacesAnswer {
    /// The faces.
    pub face_details: Vec<FaceDetail>,
}

/// A face in Rekognition's format (API reference, `FaceDetail`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FaceDetail {
    bounding_box: BoundingBox,
    #[serde(default)]
    confidence: f64,
    age_range: Option<AgeRange>,
    gender: Option<Estimate<String>>,
    smile: Option<Estimate<bool>>,
    eyeglasses: Option<Estimate<bool>>,
    sunglasses: Option<Estimate<bool>>,
    beard: Option<Estimate<bool>>,
    mustache: Option<Estimate<bool>>,
    eyes_open: Option<Estimate<bool>>,
    mouth_open: Option<Estimate<bool>>,
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
            .map(|emotion| Scored { name: emotion.r#type.clone(), confidence: round_percent(emotion.confidence) })
            .collect();
        emotions.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        emotions.truncate(MAX_EMOTIONS);
        Self {
            r#box: detail.bounding_box.rounded(),
            confidence: round_percent(detail.confidence),
            age_range: detail.age_range,
            gender: detail
                .gender
                .as_ref()
                .map(|guess| Estimate { value: guess.value.clone(), confidence: round_percent(guess.confidence) }),
            emotions,
            attributes: detail.attributes(),
            pose: detail.pose.map(|Pose { roll, yaw, pitch }| Pose {
                roll: round_percent(roll),
                yaw: round_percent(yaw),
                pitch: round_percent(pitch),
            }),
            quality: detail.quality.map(|Quality { brightness, sharpness }| Quality {
                brightness: round_percent(brightness),
                sharpness: round_percent(sharpness),
            }),
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
        .map(|(name, confidence)| Scored { name: name.to_owned(), confidence: round_percent(confidence) })
        .collect()
    }
}

/// The settings for reading faces.
#[derive(Debug, Clone, Copy)]
pub struct FaceRules {
    /// Minimum confidence of a stored face, percent.
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
