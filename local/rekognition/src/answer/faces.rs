//! `DetectFaces`.

use serde::Serialize;
use sightline_vision::{EmotionKind, Face, Gender, Landmark, LandmarkKind, Verdict};

use super::{BoundingBox, Judged};
use crate::request::{Attribute, FacesRequest};

/// As documented: the 100 largest faces are found.
const MAX_FACES: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    face_details: Vec<FaceDetail>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FaceDetail {
    bounding_box: BoundingBox,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_range: Option<AgeRange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smile: Option<Judged<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<Judged<Gender>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eyes_open: Option<Judged<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mouth_open: Option<Judged<bool>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emotions: Vec<EmotionItem>,
    landmarks: Vec<LandmarkItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pose: Option<Pose>,
    quality: Quality,
    confidence: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AgeRange {
    low: u8,
    high: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EmotionItem {
    r#type: EmotionKind,
    confidence: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LandmarkItem {
    r#type: LandmarkKind,
    x: f32,
    y: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Pose {
    roll: f32,
    yaw: f32,
    pitch: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Quality {
    brightness: f32,
    sharpness: f32,
}

/// The largest faces first, each with the attributes that were asked for and measured.
pub fn faces(mut found: Vec<Face>, request: &FacesRequest) -> impl Serialize {
    let area = |face: &Face| face.bounding_box.width * face.bounding_box.height;
    found.sort_by(|a, b| area(b).total_cmp(&area(a)));
    found.truncate(MAX_FACES);
    Answer { face_details: found.into_iter().map(|face| detail(face, request)).collect() }
}

fn detail(face: Face, request: &FacesRequest) -> FaceDetail {
    let asked = |attribute| request.attributes.contains(&attribute);
    let verdict =
        |attribute, value: Option<Verdict>| value.filter(|_| asked(attribute)).map(|v| Judged { value: v.value, confidence: v.confidence });
    let gender = face.gender.filter(|_| asked(Attribute::Gender));
    let age = face.age_range.filter(|_| asked(Attribute::AgeRange));
    let emotions = if asked(Attribute::Emotions) { face.emotions } else { Vec::new() };
    let sent = |landmark: &Landmark| request.all_landmarks || is_main(landmark.kind);
    FaceDetail {
        bounding_box: face.bounding_box.into(),
        age_range: age.map(|age| AgeRange { low: age.low, high: age.high }),
        smile: verdict(Attribute::Smile, face.smile),
        gender: gender.map(|gender| Judged { value: gender.value, confidence: gender.confidence }),
        eyes_open: verdict(Attribute::EyesOpen, face.eyes_open),
        mouth_open: verdict(Attribute::MouthOpen, face.mouth_open),
        emotions: emotions.into_iter().map(|e| EmotionItem { r#type: e.kind, confidence: e.confidence }).collect(),
        landmarks: face.landmarks.into_iter().filter(sent).map(|l| LandmarkItem { r#type: l.kind, x: l.x, y: l.y }).collect(),
        pose: face.pose.map(|pose| Pose { roll: pose.roll, yaw: pose.yaw, pitch: pose.pitch }),
        quality: Quality { brightness: face.quality.brightness, sharpness: face.quality.sharpness },
        confidence: face.confidence,
    }
}

/// The five points that the default attributes hold.
fn is_main(kind: LandmarkKind) -> bool {
    matches!(kind, LandmarkKind::EyeLeft | LandmarkKind::EyeRight | LandmarkKind::Nose | LandmarkKind::MouthLeft | LandmarkKind::MouthRight)
}

#[cfg(test)]
mod tests;
