//! What the models measure of a face, in Rekognition's shapes.

use serde::Serialize;

use crate::geometry::BoundingBox;

/// One face.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Face {
    /// Its position.
    pub bounding_box: BoundingBox,
    /// The confidence that it is a face, 0–100: the measured share of faces among detections with the same score.
    pub confidence: f32,
    /// Named points: always five, and more if the face mesh fits.
    pub landmarks: Vec<Landmark>,
    /// The direction of the head; `None` if the face mesh does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pose: Option<Pose>,
    /// An estimate; `None` for a face that is too small.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_range: Option<AgeRange>,
    /// An estimate; `None` for a face that is too small.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<GenderEstimate>,
    /// All seven, highest confidence first; empty for a face that is too small.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emotions: Vec<Emotion>,
    /// From the confidence of `Happy`; `None` for a face that is too small.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smile: Option<Verdict>,
    /// From the face mesh; `None` if it does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eyes_open: Option<Verdict>,
    /// From the face mesh; `None` if it does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mouth_open: Option<Verdict>,
    /// Measured on the pixels of the face.
    pub quality: Quality,
}

/// A named point of a face, as fractions of the image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Landmark {
    /// Its name.
    #[serde(rename = "Type")]
    pub kind: LandmarkKind,
    /// From the left edge; slightly outside 0–1 if the edge cuts the face.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// Rekognition's names of landmarks (left and right as the viewer sees them), without the pupils, which no local model detects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum LandmarkKind {
    EyeLeft,
    EyeRight,
    Nose,
    MouthLeft,
    MouthRight,
    LeftEyeBrowLeft,
    LeftEyeBrowRight,
    LeftEyeBrowUp,
    RightEyeBrowLeft,
    RightEyeBrowRight,
    RightEyeBrowUp,
    LeftEyeLeft,
    LeftEyeRight,
    LeftEyeUp,
    LeftEyeDown,
    RightEyeLeft,
    RightEyeRight,
    RightEyeUp,
    RightEyeDown,
    NoseLeft,
    NoseRight,
    MouthUp,
    MouthDown,
    UpperJawlineLeft,
    MidJawlineLeft,
    ChinBottom,
    MidJawlineRight,
    UpperJawlineRight,
}

/// The direction of the head in degrees; 0 is straight into the camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pose {
    /// Tilt, -180–180; clockwise is positive.
    pub roll: f32,
    /// Turn, -90–90; towards the viewer's right is positive.
    pub yaw: f32,
    /// Nod, -90–90; upwards is positive.
    pub pitch: f32,
}

/// An estimate in years, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgeRange {
    /// The youngest likely age.
    pub low: u8,
    /// The oldest likely age.
    pub high: u8,
}

/// How the face looks to the model, not a fact about the person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GenderEstimate {
    /// The value with the higher score.
    pub value: Gender,
    /// 50–100.
    pub confidence: f32,
}

/// Rekognition's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum Gender {
    Female,
    Male,
}

/// An emotion that a face appears to show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Emotion {
    /// Its name.
    #[serde(rename = "Type")]
    pub kind: EmotionKind,
    /// 0–100; all seven add up to 100.
    pub confidence: f32,
}

/// Rekognition's names of the seven emotions that the model distinguishes (all but `CONFUSED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum EmotionKind {
    Angry,
    Disgusted,
    Fear,
    Happy,
    Sad,
    Surprised,
    Calm,
}

/// Yes or no, with its confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Verdict {
    /// The value with the higher score.
    pub value: bool,
    /// 50–100.
    pub confidence: f32,
}

/// How visible the face is, both 0–100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Quality {
    /// Mean luma.
    pub brightness: f32,
    /// From the variance of the Laplacian.
    pub sharpness: f32,
}
