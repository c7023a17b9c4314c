//! Reads the answer of `DetectLabels`: which labels are kept, and which analyses follow.

use crate::model::analysis::Question;
use crate::model::{
    analysis::{Analysis, Outcome},
    findings::{Gate, LabelsFound, MAX_BOXES, Scored, StoredLabel},
    image::{BoundingBox, percent},
    layout,
};
use crate::rules::analysis::AnalysisRules;
use serde::Deserialize;
use std::str::FromStr;

/// The answer of `DetectLabels`, as far as we read it (API reference, `DetectLabels`, response syntax).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectLabelsAnswer {
    /// The labels.
    pub labels: Vec<Label>,
}

/// A label as Rekognition reports it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Label {
    /// Name, such as `Person`.
    pub name: String,
    /// Percent.
    pub confidence: f64,
    /// Where it was found, for labels of things that can be counted.
    pub instances: Vec<Instance>,
    /// Broader labels.
    pub parents: Vec<Named>,
    /// Other names.
    pub aliases: Vec<Named>,
    /// Categories, such as `Text and Documents`.
    pub categories: Vec<Named>,
}

impl Label {
    fn is_called(&self, name: &str) -> bool {
        [self.name.as_str()].into_iter().chain(names(&self.parents)).chain(names(&self.aliases)).any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// One find of a label.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// Where.
    pub bounding_box: BoundingBox,
}

/// Anything that Rekognition wraps as `{"Name": …}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    /// The name.
    pub name: String,
}

fn names(list: &[Named]) -> impl Iterator<Item = &str> {
    list.iter().map(|named| named.name.as_str())
}

/// When text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextGate {
    /// In every image.
    Always,
    /// Where the labels speak of text.
    Labels,
    /// Never.
    Never,
}

impl FromStr for TextGate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "always" => Ok(Self::Always),
            "labels" => Ok(Self::Labels),
            "never" => Ok(Self::Never),
            _ => Err(()),
        }
    }
}

/// How labels are read. Confidences in percent.
#[derive(Debug, Clone)]
pub struct LabelRules {
    /// Labels below this are not stored.
    pub min_confidence: f64,
    /// At most this many labels are stored.
    pub max_stored: usize,
    /// A person at or above this leads to face analysis.
    pub person_min_confidence: f64,
    /// Text at or above this leads to text detection.
    pub text_min_confidence: f64,
    /// When text is looked for.
    pub text_gate: TextGate,
    /// Labels that raise an alert, by name, parent or alias.
    pub watched: Vec<String>,
    /// Watched labels below this raise none.
    pub watched_min_confidence: f64,
}

impl From<&Label> for StoredLabel {
    fn from(label: &Label) -> Self {
        let owned = |list: &[Named]| names(list).map(str::to_owned).collect();
        Self {
            name: label.name.to_lowercase(),
            confidence: percent(label.confidence),
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
        let strongest = strongest(labels, |label| label.is_called("Person"));
        gate(strongest, self.person_min_confidence, "no person among the labels")
    }

    fn text(&self, labels: &[Label]) -> Gate {
        match self.text_gate {
            TextGate::Always => Gate { found: true, reason: "text is looked for in every image (TEXT_GATE=always)".into() },
            TextGate::Never => Gate { found: false, reason: "text is never looked for (TEXT_GATE=never)".into() },
            TextGate::Labels => {
                // The category is the sturdier sign: `Page`, `Letter`, `Menu` and the like need not come with the label `Text`.
                let speaks_of_text =
                    |label: &Label| label.is_called("Text") || names(&label.categories).any(|category| category == "Text and Documents");
                gate(strongest(labels, speaks_of_text), self.text_min_confidence, "no text among the labels")
            }
        }
    }

    fn watched(&self, labels: &[Label]) -> Vec<Scored> {
        labels
            .iter()
            .filter(|label| label.confidence >= self.watched_min_confidence)
            .filter(|label| self.watched.iter().any(|name| label.is_called(name)))
            .map(|label| Scored { name: label.name.clone(), confidence: percent(label.confidence) })
            .collect()
    }
}

fn strongest(labels: &[Label], fits: impl Fn(&Label) -> bool) -> Option<&Label> {
    labels.iter().filter(|label| fits(label)).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
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
