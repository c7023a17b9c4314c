//! A short summary of a state's input: ids, counts and names; never detected text, faces or tokens.

use crate::model::record::Record;
use serde::Serialize;
use serde_json::{Map, Value};

/// The values of an input that may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Summary {
    /// The image.
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// Key of the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Bytes of the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Upright width in px.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Upright height in px.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Names of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Number of faces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faces: Option<usize>,
    /// Number of lines of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_lines: Option<usize>,
    /// Verdict of the moderation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Name of a caught error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Summary {
    /// The summary of a state's input, which is JSON. `None` if it has none of these values.
    pub fn of_input(input: &str) -> Option<Self> {
        let mut summary = Self::default();
        summary.add(&serde_json::from_str(input).ok()?);
        (summary != Self::default()).then_some(summary)
    }

    /// The summary of the image that every analysis gets as its input.
    pub fn of_image(record: &Record) -> Self {
        let key = record.s3_url.splitn(4, '/').nth(3).map(str::to_owned);
        let (width, height) = (record.width.map(u64::from), record.height.map(u64::from));
        Self { image_id: Some(record.image_id.clone()), key, size: Some(record.size), width, height, ..Self::default() }
    }

    /// Adds the known values at any depth; the output of a Parallel state is an array.
    fn add(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(object) => {
                self.add_image(object);
                self.add_findings(object);
                object.values().for_each(|inner| self.add(inner));
            }
            _ => {}
        }
    }

    fn add_image(&mut self, object: &Map<String, Value>) {
        let number = |name: &str| object.get(name).and_then(Value::as_u64);
        if let Some(id) = text(object, "ImageID") {
            self.image_id = Some(id);
            self.key = text(object, "Key").or_else(|| self.key.take());
            (self.size, self.width, self.height) = (number("Size"), number("Width"), number("Height"));
        }
        // The object in an S3 event.
        if let (Some(key), true) = (text(object, "key"), object.contains_key("etag")) {
            (self.key, self.size) = (Some(key), number("size"));
        }
    }

    fn add_findings(&mut self, object: &Map<String, Value>) {
        let array = |name: &str| object.get(name).and_then(Value::as_array);
        if let Some(labels) = array("Labels") {
            self.labels = Some(labels.iter().filter_map(|label| text(label.as_object()?, "Name")).collect());
        }
        self.faces = array("FaceData").map(Vec::len).or(self.faces);
        self.text_lines = array("TextLines").map(Vec::len).or(self.text_lines);
        self.verdict = text(object, "Verdict").or_else(|| self.verdict.take());
        self.error = text(object, "Error").or_else(|| self.error.take());
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}
