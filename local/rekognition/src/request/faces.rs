//! `DetectFaces`.

use crate::refusal::Refusal;

/// A group of face attributes beyond the default ones that a local model measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    AgeRange,
    Emotions,
    EyesOpen,
    Gender,
    MouthOpen,
    Smile,
}

/// Which attributes to send: box, confidence, pose, quality and landmarks always, and these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FacesRequest {
    pub attributes: Vec<Attribute>,
    /// All landmarks that were found, not the five main ones only.
    pub all_landmarks: bool,
}

const MEASURED: [(&str, Attribute); 6] = [
    ("AGE_RANGE", Attribute::AgeRange),
    ("EMOTIONS", Attribute::Emotions),
    ("EYES_OPEN", Attribute::EyesOpen),
    ("GENDER", Attribute::Gender),
    ("MOUTH_OPEN", Attribute::MouthOpen),
    ("SMILE", Attribute::Smile),
];
const NOT_MEASURED: [&str; 6] = ["BEARD", "EYEGLASSES", "EYE_DIRECTION", "FACE_OCCLUDED", "MUSTACHE", "SUNGLASSES"];

/// `ALL` means all that is measured here; an attribute that is asked for by its name and not measured is refused.
pub fn check(attributes: &[String]) -> Result<FacesRequest, Refusal> {
    let mut request = FacesRequest::default();
    for name in attributes {
        if name == "ALL" {
            request.attributes.extend(MEASURED.map(|(_, attribute)| attribute));
            request.all_landmarks = true;
        } else if let Some((_, attribute)) = MEASURED.iter().find(|(measured, _)| measured == name) {
            request.attributes.push(*attribute);
        } else if NOT_MEASURED.contains(&name.as_str()) {
            return Err(Refusal::not_here(&format!("the face attribute {name}")));
        } else if name != "DEFAULT" {
            return Err(Refusal::parameter("Attributes holds a name that Rekognition does not know"));
        }
    }
    Ok(request)
}
