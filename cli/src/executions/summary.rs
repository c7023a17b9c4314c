//! A short summary of a state's input: ids, counts and names; never detected text, faces or tokens.

use crate::output::{clean, count};
use serde::Serialize;
use serde_json::{Map, Value};
use sightline_domain::model::record::Record;
use std::fmt;

/// Labels that are named.
const LABELS_NAMED: usize = 3;
/// Characters of an id; the whole id is printed above the timeline.
const ID_SHOWN: usize = 8;

/// The values of an input that may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Summary {
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faces: Option<usize>,
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

/// A short phrase without control characters.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.image_id.as_ref().map(|id| format!("image {}…", clean(id).chars().take(ID_SHOWN).collect::<String>())));
        // The end of the key is the name of the file.
        parts.extend(self.key.as_ref().and_then(|key| key.rsplit('/').next()).map(clean));
        parts.extend(self.size.map(|bytes| format!("{} kB", bytes.div_ceil(1000))));
        parts.extend(self.width.zip(self.height).map(|(width, height)| format!("{width}×{height}")));
        parts.extend(self.labels.as_ref().map(|names| labels(names)));
        parts.extend(self.faces.map(|faces| count(faces, "face")));
        parts.extend(self.text_lines.map(|lines| count(lines, "line") + " of text"));
        parts.extend(self.verdict.as_ref().map(|verdict| clean(verdict)));
        parts.extend(self.error.as_ref().map(|error| clean(error)));
        f.write_str(&parts.join(", "))
    }
}

fn labels(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LABELS_NAMED).map(|name| clean(name)).collect();
    let more = if names.len() > LABELS_NAMED { " …" } else { "" };
    let colon = if shown.is_empty() { "" } else { ": " };
    format!("{}{colon}{}{more}", count(names.len(), "label"), shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;

    fn phrase(input: &Value) -> String {
        Summary::of_input(&input.to_string()).map(|summary| summary.to_string()).unwrap_or_default()
    }

    /// A sample of a state's input.
    fn sample(path: &str) -> Value {
        let text = fs::read_to_string(format!("{}/../events/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn image_is_shown_by_id_file_name_and_size() {
        let image =
            json!({ "Image": { "ImageID": "5f0c1b9e-3a57", "Key": "raw-uploads/anna/a.jpg", "Size": 238_511, "Width": 30, "Height": 40 } });
        assert_eq!(phrase(&image), "image 5f0c1b9e…, a.jpg, 239 kB, 30×40");
    }

    #[test]
    fn upload_is_shown_by_file_name_and_size() {
        let event = sample("functions/inspect-image.json");
        assert_eq!(phrase(&event["Event"]), "5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10.jpg, 239 kB");
    }

    #[test]
    fn findings_are_counted_and_only_labels_are_named() {
        let input = sample("functions/store-record.json");
        let (summary, phrase) = (Summary::of_input(&input.to_string()).unwrap(), phrase(&input));
        assert!(summary.labels.is_some_and(|labels| !labels.is_empty()) && summary.faces.is_some() && summary.text_lines.is_some());
        assert!(phrase.contains("labels: ") && phrase.contains("of text") && phrase.contains("face"), "{phrase}");
        for line in input["Text"]["TextLines"].as_array().unwrap() {
            assert!(!phrase.contains(line["Text"].as_str().unwrap()), "detected text: {phrase}");
        }
    }

    #[test]
    fn task_token_is_not_shown() {
        let input = sample("functions/request-review.json");
        let json = serde_json::to_string(&Summary::of_input(&input.to_string())).unwrap();
        assert!(json.contains("ImageID") && !json.contains(input["TaskToken"].as_str().unwrap()), "{json}");
    }

    #[test]
    fn unknown_values_are_not_shown() {
        assert_eq!(Summary::of_input("{\"Secret\":\"x\"}"), None);
        assert_eq!(Summary::of_input("no json"), None);
        assert_eq!(
            phrase(&json!([{ "Labels": [] }, { "Verdict": "CLEAR" }, { "Error": "Image.Rejected" }])),
            "0 labels, CLEAR, Image.Rejected"
        );
    }
}
