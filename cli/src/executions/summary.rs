//! The summary of a state's input as a phrase: ids, counts and names; never detected text, faces or tokens.

use crate::output::{clean, count, size};
use sightline_domain::rules::input_summary::Summary;

/// Labels that are named.
const LABELS_NAMED: usize = 3;
/// Characters of an id; the whole id is printed above the timeline.
const ID_SHOWN: usize = 8;

/// The summary as a short phrase without control characters.
pub fn phrase(summary: &Summary) -> String {
    let mut parts = Vec::new();
    parts.extend(summary.image_id.as_ref().map(|id| format!("image {}…", clean(id).chars().take(ID_SHOWN).collect::<String>())));
    // The end of the key is the name of the file.
    parts.extend(summary.key.as_ref().and_then(|key| key.rsplit('/').next()).map(clean));
    parts.extend(summary.size.map(size));
    parts.extend(summary.width.zip(summary.height).map(|(width, height)| format!("{width}×{height}")));
    parts.extend(summary.labels.as_ref().map(|names| labels(names)));
    parts.extend(summary.faces.map(|faces| count(faces, "face")));
    parts.extend(summary.text_lines.map(|lines| count(lines, "line") + " of text"));
    parts.extend(summary.verdict.as_ref().map(|verdict| clean(verdict)));
    parts.extend(summary.error.as_ref().map(|error| clean(error)));
    parts.join(", ")
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
    use serde_json::{Value, json};
    use std::fs;

    fn phrase(input: &Value) -> String {
        Summary::of_input(&input.to_string()).map(|summary| super::phrase(&summary)).unwrap_or_default()
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
        assert_eq!(phrase(&image), "image 5f0c1b9e…, a.jpg, 233 kB, 30×40");
    }

    #[test]
    fn upload_is_shown_by_file_name_and_size() {
        let event = sample("functions/inspect-image.json");
        assert_eq!(phrase(&event["Event"]), "5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10.jpg, 233 kB");
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
