//! Faces, and what the models measure of them.

mod attributes;
pub(crate) mod detect;
pub(crate) mod inspect;
mod mesh;
mod quality;

use serde::Serialize;

use crate::BoundingBox;

pub(crate) use inspect::FaceModels;

/// One face.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Face {
    /// Where.
    pub bounding_box: BoundingBox,
    /// That it is a face, 0–100.
    pub confidence: f32,
    /// Named points: five always, more when the face mesh fits this face.
    pub landmarks: Vec<Landmark>,
    /// The head's direction; `None` when the face mesh does not fit this face.
    pub pose: Option<Pose>,
    /// An estimate with its spread; `None` for a face too small to judge.
    pub age_range: Option<AgeRange>,
    /// An estimate; `None` for a face too small to judge.
    pub gender: Option<GenderEstimate>,
    /// All seven, the likeliest first; empty for a face too small to judge.
    pub emotions: Vec<Emotion>,
    /// From the emotion model's happiness; `None` for a face too small to judge.
    pub smile: Option<Verdict>,
    /// From the face mesh.
    pub eyes_open: Option<Verdict>,
    /// From the face mesh.
    pub mouth_open: Option<Verdict>,
    /// Measured on the face's pixels.
    pub quality: Quality,
}

/// A named point of a face, as fractions of the image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Landmark {
    /// Which.
    pub kind: LandmarkKind,
    /// From the left edge; a little outside 0–1 for a face cut by the edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

/// Rekognition's names of a face's points (left and right as the viewer sees them); its pupils no local model finds.
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

/// The head's direction in degrees, 0 looking straight into the camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pose {
    /// Tilt to the side, -180–180; clockwise is positive.
    pub roll: f32,
    /// Turn to the side, -90–90; towards the viewer's right is positive.
    pub yaw: f32,
    /// Nod, -90–90; upwards is positive.
    pub pitch: f32,
}

/// An estimate in years, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AgeRange {
    /// The youngest likely age.
    pub low: u8,
    /// The oldest likely age.
    pub high: u8,
}

/// What a face looks like to the model; not what a person is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GenderEstimate {
    /// The likelier one.
    pub value: Gender,
    /// 50–100.
    pub confidence: f32,
}

/// Rekognition's two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum Gender {
    Female,
    Male,
}

/// An emotion a face seems to show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Emotion {
    /// Which.
    pub kind: EmotionKind,
    /// 0–100; all seven add up to 100.
    pub confidence: f32,
}

/// Rekognition's names of the seven emotions that the model tells apart (`CONFUSED` it cannot).
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

/// A yes or no with its confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verdict {
    /// The likelier one.
    pub value: bool,
    /// 50–100.
    pub confidence: f32,
}

/// How well the face can be seen, both 0–100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Mean luma.
    pub brightness: f32,
    /// From the variance of the Laplacian.
    pub sharpness: f32,
}
