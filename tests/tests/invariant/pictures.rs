//! A few small pictures, Rekognition's answers for each, and the expected outcome.

use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use serde_json::{Value, json};
use sightline_domain::model::{Analysis, ReasonCode};
use sightline_inspection::{inspect, picture::Limits};
use sightline_tests::samples::label;
use std::sync::LazyLock;

/// The expected outcome of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// COMPLETED, and shown.
    Shown,
    /// COMPLETED, and withheld by the policy.
    Blocked,
    /// COMPLETED as its reviewers decide, or waiting for them.
    Reviewed,
    /// FAILED for good.
    Rejected(ReasonCode),
}

pub struct Picture {
    pub bytes: Vec<u8>,
    pub expected: Expected,
    /// Its first label, in lower case; unique.
    pub label: &'static str,
    copy: Option<Vec<u8>>,
    faces: bool,
    answers: [Value; 4],
}

/// All pictures.
pub static PICTURES: LazyLock<Vec<Picture>> = LazyLock::new(|| {
    let none = json!([]);
    let text = json!([{"DetectedText": "stop", "Type": "LINE", "Confidence": 99.0, "Geometry": {"BoundingBox": boxed()}}]);
    let face = json!([{"BoundingBox": boxed(), "Confidence": 99.0}]);
    let flag = |name: &str| json!([{"Name": name, "ParentName": "", "TaxonomyLevel": 1, "Confidence": 95.0}]);
    vec![
        picture("car", &[], &none, &none, &none, Expected::Shown),
        picture("crowd", &["Person", "Text"], &face, &text, &none, Expected::Shown),
        picture("gun", &["Weapon"], &none, &none, &none, Expected::Shown),
        picture("beach", &["Person"], &face, &none, &flag("Suggestive"), Expected::Reviewed),
        picture("fight", &[], &none, &none, &flag("Violence"), Expected::Blocked),
        picture("mask", &["Person", "Text"], &Value::Null, &text, &none, Expected::Rejected(ReasonCode::RefusedByProvider)),
        Picture { bytes: b"no image".to_vec(), ..picture("words", &[], &none, &none, &none, Expected::Rejected(ReasonCode::NotAnImage)) },
        Picture { bytes: Vec::new(), ..picture("nothing", &[], &none, &none, &none, Expected::Rejected(ReasonCode::EmptyFile)) },
    ]
});

fn boxed() -> Value {
    json!({"Width": 0.1, "Height": 0.1, "Left": 0.1, "Top": 0.1})
}

fn picture(name: &'static str, also: &[&str], faces: &Value, text: &Value, flags: &Value, expected: Expected) -> Picture {
    let shade = name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(&RgbImage::from_pixel(330, 80, Rgb([shade, !shade, 128]))).unwrap();
    let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 20 };
    let copy = inspect("x.jpg", &bytes, &limits, false).ok().map(|inspected| inspected.copy);
    let labels: Vec<Value> = std::iter::once(&name).chain(also).map(|name| label(name, 99.0)).collect();
    let answers = [
        json!({ "Labels": labels }),
        json!({ "FaceDetails": faces }),
        json!({ "TextDetections": text }),
        json!({ "ModerationLabels": flags }),
    ];
    Picture { bytes, expected, label: name, copy, faces: !faces.is_null(), answers }
}

/// Rekognition's answer for the picture with this normalised copy; `None` if it refuses the image.
pub fn answer(copy: &[u8], analysis: Analysis) -> Option<Value> {
    let picture = PICTURES.iter().find(|picture| picture.copy.as_deref() == Some(copy)).expect("the copy of a picture");
    let place = match analysis {
        Analysis::Labels => 0,
        Analysis::Faces => 1,
        Analysis::Text => 2,
        Analysis::Moderation => 3,
    };
    (picture.faces || analysis != Analysis::Faces).then(|| picture.answers[place].clone())
}
