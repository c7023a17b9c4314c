//! Reads the labels from an answer of `DetectLabels`, and decides which follow-up analyses run.

use crate::model::{
    analysis::{Analysis, Outcome, Question},
    findings::{Gate, LabelsFound, MAX_BOXES, Scored, StoredLabel},
    image::{BoundingBox, round_percent},
    layout,
};
use crate::rules::analysis::AnalysisRules;
use serde::Deserialize;
use strum::EnumString;

/// The answer of `DetectLabels`: the parts that are used (API reference, `DetectLabels`, response syntax).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectLabelsAnswer {
    /// The labels.
    pub labels: Vec<Label>,
}

/// A label in Rekognition's format.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Label {
    /// Name, such as `Person`.
    pub name: String,
    /// Confidence, percent.
    pub confidence: f64,
    /// The positions of the instances, if the label can be counted.
    pub instances: Vec<Instance>,
    /// Broader labels.
    pub parents: Vec<Named>,
    /// Other names.
    pub aliases: Vec<Named>,
    /// Categories, such as `Text and Documents`.
    pub categories: Vec<Named>,
}

impl Label {
    /// Whether the label, one of its parents or one of its aliases has this name.
    fn has_name(&self, name: &str) -> bool {
        [self.name.as_str()]
            .into_iter()
            .chain(names(&self.parents))
            .chain(names(&self.aliases))
            .any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// One instance of a label.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// Its position.
    pub bounding_box: BoundingBox,
}

/// A name in Rekognition's format `{"Name": …}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    /// The name.
    pub name: String,
}

fn names(list: &[Named]) -> impl Iterator<Item = &str> {
    list.iter().map(|named| named.name.as_str())
}

/// The images in which text is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum TextGate {
    /// All images.
    Always,
    /// Images whose labels indicate text.
    Labels,
    /// No images.
    Never,
}

/// The settings for reading labels. Confidences are in percent.
#[derive(Debug, Clone)]
pub struct LabelRules {
    /// Minimum confidence of a stored label.
    pub min_confidence: f64,
    /// Maximum number of stored labels.
    pub max_stored: usize,
    /// Minimum confidence of the label `Person` for the analysis of faces.
    pub person_min_confidence: f64,
    /// Minimum confidence of a label that indicates text for text detection.
    pub text_min_confidence: f64,
    /// The images in which text is detected.
    pub text_gate: TextGate,
    /// Labels that cause an alert, by name, parent or alias.
    pub watched: Vec<String>,
    /// Minimum confidence of a watched label for an alert.
    pub watched_min_confidence: f64,
}

/// The documented defaults (docs/configuration.md).
impl Default for LabelRules {
    fn default() -> Self {
        Self {
            min_confidence: 80.0,
            max_stored: 10,
            person_min_confidence: 50.0,
            text_min_confidence: 50.0,
            text_gate: TextGate::Labels,
            watched: vec!["Weapon".to_owned()],
            watched_min_confidence: 60.0,
        }
    }
}

impl From<&Label> for StoredLabel {
    fn from(label: &Label) -> Self {
        let owned = |list: &[Named]| names(list).map(str::to_owned).collect();
        Self {
            name: label.name.to_lowercase(),
            confidence: round_percent(label.confidence),
            parents: owned(&label.parents),
            aliases: owned(&label.aliases),
            categories: owned(&label.categories),
            boxes: label.instances.iter().take(MAX_BOXES).map(|instance| instance.bounding_box.rounded()).collect(),
        }
    }
}

impl AnalysisRules for LabelRules {
    const ANALYSIS: Analysis = Analysis::Labels;
    type Answer = DetectLabelsAnswer;
    type Found = LabelsFound;

    fn question(&self) -> Question {
        Question::LABELS
    }

    fn read(&self, image_id: &str, answer: &DetectLabelsAnswer) -> LabelsFound {
        let mut stored: Vec<StoredLabel> =
            answer.labels.iter().filter(|label| label.confidence >= self.min_confidence).map(StoredLabel::from).collect();
        stored.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        stored.truncate(self.max_stored);
        LabelsFound {
            outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Labels) },
            labels: stored,
            person: self.person(&answer.labels),
            text: self.text(&answer.labels),
            watched: self.watched(&answer.labels),
        }
    }

    fn count(answer: &DetectLabelsAnswer, found: &LabelsFound) -> (usize, usize) {
        (answer.labels.len(), found.labels.len())
    }
}

impl LabelRules {
    fn person(&self, labels: &[Label]) -> Gate {
        let strongest = strongest(labels, |label| label.has_name("Person"));
        gate(strongest, self.person_min_confidence, "no person among the labels")
    }

    fn text(&self, labels: &[Label]) -> Gate {
        match self.text_gate {
            TextGate::Always => Gate { found: true, reason: "text is detected in all images (TEXT_GATE=always)".into() },
            TextGate::Never => Gate { found: false, reason: "text detection is off (TEXT_GATE=never)".into() },
            TextGate::Labels => {
                // The category is more reliable: labels such as `Page`, `Letter` and `Menu` can occur without the label `Text`.
                let indicates_text =
                    |label: &Label| label.has_name("Text") || names(&label.categories).any(|category| category == "Text and Documents");
                gate(strongest(labels, indicates_text), self.text_min_confidence, "no text among the labels")
            }
        }
    }

    fn watched(&self, labels: &[Label]) -> Vec<Scored> {
        labels
            .iter()
            .filter(|label| label.confidence >= self.watched_min_confidence)
            .filter(|label| self.watched.iter().any(|name| label.has_name(name)))
            .map(|label| Scored { name: label.name.clone(), confidence: round_percent(label.confidence) })
            .collect()
    }
}

fn strongest(labels: &[Label], matches: impl Fn(&Label) -> bool) -> Option<&Label> {
    labels.iter().filter(|label| matches(label)).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

fn gate(strongest: Option<&Label>, min_confidence: f64, none: &str) -> Gate {
    match strongest {
        Some(label) => Gate {
            found: label.confidence >= min_confidence,
            reason: format!("{} at {:.1} %, needed {min_confidence} %", label.name, label.confidence),
        },
        None => Gate { found: false, reason: none.to_owned() },
    }
}
