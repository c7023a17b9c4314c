//! `DetectFaces`.

use serde::Serialize;
use sightline_vision::{Face, LandmarkKind};
use strum::{EnumString, VariantArray};

use crate::{error::ApiError, wire::Request};

/// `DetectFaces` returns at most the 100 largest faces.
const MAX_FACES: usize = 100;

/// A face attribute that is only returned on request and that a local model measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Attribute {
    AgeRange,
    Emotions,
    EyesOpen,
    Gender,
    MouthOpen,
    Smile,
}

const NOT_MEASURED: [&str; 6] = ["BEARD", "EYEGLASSES", "EYE_DIRECTION", "FACE_OCCLUDED", "MUSTACHE", "SUNGLASSES"];

/// The checked parameters. Box, confidence, pose, quality and landmarks are always returned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FaceParameters {
    pub attributes: Vec<Attribute>,
    /// All detected landmarks instead of the five default ones.
    pub all_landmarks: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    face_details: Vec<Face>,
}

impl FaceParameters {
    /// Checks the parameters. `ALL` means all attributes that are measured here; one that is requested by name and not measured is an error.
    pub fn new(request: &Request<'_>) -> Result<Self, ApiError> {
        let mut parameters = Self::default();
        for name in request.attributes.iter().flatten() {
            if name == "ALL" {
                parameters.attributes.extend(Attribute::VARIANTS);
                parameters.all_landmarks = true;
            } else if let Ok(attribute) = name.parse() {
                parameters.attributes.push(attribute);
            } else if NOT_MEASURED.contains(&name.as_str()) {
                return Err(ApiError::not_supported_locally(&format!("the face attribute {name}")));
            } else if name != "DEFAULT" {
                return Err(ApiError::invalid_parameter("Attributes holds a name that Rekognition does not know"));
            }
        }
        Ok(parameters)
    }

    /// The largest faces first, with the attributes that were requested and measured.
    pub fn response(&self, mut found: Vec<Face>) -> impl Serialize + use<> {
        let area = |face: &Face| face.bounding_box.width * face.bounding_box.height;
        found.sort_by(|a, b| area(b).total_cmp(&area(a)));
        found.truncate(MAX_FACES);
        Response { face_details: found.into_iter().map(|face| self.select(face)).collect() }
    }

    fn select(&self, mut face: Face) -> Face {
        let is_requested = |attribute| self.attributes.contains(&attribute);
        face.age_range = face.age_range.filter(|_| is_requested(Attribute::AgeRange));
        face.smile = face.smile.filter(|_| is_requested(Attribute::Smile));
        face.gender = face.gender.filter(|_| is_requested(Attribute::Gender));
        face.eyes_open = face.eyes_open.filter(|_| is_requested(Attribute::EyesOpen));
        face.mouth_open = face.mouth_open.filter(|_| is_requested(Attribute::MouthOpen));
        face.emotions.retain(|_| is_requested(Attribute::Emotions));
        face.landmarks.retain(|landmark| self.all_landmarks || is_default(landmark.kind));
        face
    }
}

fn is_default(kind: LandmarkKind) -> bool {
    matches!(kind, LandmarkKind::EyeLeft | LandmarkKind::EyeRight | LandmarkKind::Nose | LandmarkKind::MouthLeft | LandmarkKind::MouthRight)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use sightline_vision::{AgeRange, BoundingBox, Emotion, EmotionKind, Gender, GenderEstimate, Landmark, Pose, Quality, Verdict};

    use super::*;

    fn face(width: f32) -> Face {
        let point = |kind| Landmark { kind, x: 0.5, y: 0.5 };
        Face {
            bounding_box: BoundingBox { left: 0.25, top: 0.25, width, height: 0.5 },
            confidence: 99.,
            landmarks: vec![point(LandmarkKind::Nose), point(LandmarkKind::ChinBottom)],
            pose: Some(Pose { roll: 1., yaw: 2., pitch: 3. }),
            age_range: Some(AgeRange { low: 20, high: 30 }),
            gender: Some(GenderEstimate { value: Gender::Female, confidence: 80. }),
            emotions: vec![Emotion { kind: EmotionKind::Happy, confidence: 90. }],
            smile: Some(Verdict { value: true, confidence: 90. }),
            eyes_open: Some(Verdict { value: true, confidence: 70. }),
            mouth_open: None,
            quality: Quality { brightness: 50., sharpness: 60. },
        }
    }

    fn keys(detail: &Value) -> Vec<&str> {
        detail.as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn details(found: Vec<Face>, parameters: &FaceParameters) -> Vec<Value> {
        let response = serde_json::to_value(parameters.response(found)).unwrap();
        response["FaceDetails"].as_array().unwrap().clone()
    }

    #[test]
    fn by_default_only_the_default_attributes_are_returned() {
        let details = details(vec![face(0.5)], &FaceParameters::default());

        assert_eq!(keys(&details[0]), ["BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"]);
        assert_eq!(details[0]["Landmarks"].as_array().unwrap().len(), 1, "the chin is not a default landmark");
        assert_eq!(details[0]["Landmarks"][0]["Type"], "nose");
    }

    #[test]
    fn all_returns_only_the_measured_attributes() {
        let attributes =
            vec![Attribute::AgeRange, Attribute::Emotions, Attribute::EyesOpen, Attribute::Gender, Attribute::MouthOpen, Attribute::Smile];

        let details = details(vec![face(0.5)], &FaceParameters { attributes, all_landmarks: true });

        let expected = ["AgeRange", "BoundingBox", "Confidence", "Emotions", "EyesOpen", "Gender", "Landmarks", "Pose", "Quality", "Smile"];
        assert_eq!(keys(&details[0]), expected, "MouthOpen was not measured");
        assert_eq!(details[0]["Gender"]["Value"], "Female");
        assert_eq!(details[0]["Emotions"][0]["Type"], "HAPPY");
        assert_eq!(details[0]["Landmarks"][1]["Type"], "chinBottom");
    }

    #[test]
    fn the_100_largest_faces_are_returned_largest_first() {
        let found = (1..=101_u8).map(|n| face(f32::from(n) / 200.)).collect();

        let details = details(found, &FaceParameters::default());

        assert_eq!(details.len(), 100);
        assert!((details[0]["BoundingBox"]["Width"].as_f64().unwrap() - 0.505).abs() < 1e-6);
    }
}
