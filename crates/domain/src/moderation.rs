//! Moderation: what Rekognition's `DetectModerationLabels` answers, and what the policy makes of it.

use crate::{
    analysis::{Analysis, Outcome},
    geometry::percent,
    layout,
};
use serde::{Deserialize, Serialize};

/// The answer of `DetectModerationLabels`, as far as we read it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectModerationLabelsAnswer {
    /// Flags of all three levels.
    pub moderation_labels: Vec<ModerationLabel>,
}

/// A flag as Rekognition reports it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ModerationLabel {
    /// Name.
    pub name: String,
    /// Name of the flag one level up; empty at level 1.
    pub parent_name: String,
    /// 1 to 3.
    pub taxonomy_level: i32,
    /// Percent.
    pub confidence: f64,
}

/// What is done about a flag, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Tell people.
    Alert,
    /// Tell people, and wait for a decision of theirs.
    Review,
    /// Tell people, and withhold the image.
    Block,
}

/// What moderation says of an image, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Nothing to tell of.
    Clear,
    /// See [`Action::Alert`].
    Alert,
    /// See [`Action::Review`].
    Review,
    /// See [`Action::Block`].
    Block,
}

impl From<Action> for Verdict {
    fn from(action: Action) -> Self {
        match action {
            Action::Alert => Self::Alert,
            Action::Review => Self::Review,
            Action::Block => Self::Block,
        }
    }
}

/// One line of the policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// A category of any level; it stands for all below it.
    pub category: String,
    /// Percent, 0–100.
    pub min_confidence: f64,
    /// What to do.
    pub action: Action,
}

/// The moderation policy: the strictest rule that fits a flag decides.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Policy(Vec<Rule>);

/// Rekognition's own default, percent; flags from here up are recorded even where no rule speaks of them.
pub(crate) const DEFAULT_MIN_CONFIDENCE: f64 = 50.0;

/// A flag of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Flag {
    /// Name.
    pub name: String,
    /// Name of the flag one level up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parent_name: String,
    /// 1 to 3.
    pub taxonomy_level: i32,
    /// Percent.
    pub confidence: f64,
    /// What the policy says about it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

/// What the state machine carries of moderation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Moderated {
    /// What became of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The verdict of the policy.
    pub verdict: Verdict,
    /// The flags, most confident first.
    pub moderation_flags: Vec<Flag>,
}

impl Policy {
    /// The confidence to ask Rekognition for, so that no rule misses a flag. Percent.
    pub fn request_min_confidence(&self) -> f64 {
        self.0.iter().map(|rule| rule.min_confidence).fold(DEFAULT_MIN_CONFIDENCE, f64::min)
    }

    /// Problems of the policy, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|rule| !(0.0..=100.0).contains(&rule.min_confidence))
            .map(|rule| format!("minConfidence of category {:?} is not within 0 to 100", rule.category))
            .collect()
    }

    /// Judges an answer.
    pub fn judge(&self, image_id: &str, answer: &DetectModerationLabelsAnswer) -> Moderated {
        let labels = &answer.moderation_labels;
        let mut flags: Vec<Flag> = labels
            .iter()
            .map(|label| Flag {
                name: label.name.clone(),
                parent_name: label.parent_name.clone(),
                taxonomy_level: label.taxonomy_level,
                confidence: percent(label.confidence),
                action: self.action(labels, label),
            })
            .filter(|flag| flag.action.is_some() || flag.confidence >= DEFAULT_MIN_CONFIDENCE)
            .collect();
        flags.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Moderated {
            outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Moderation) },
            verdict: flags.iter().filter_map(|flag| flag.action).max().map_or(Verdict::Clear, Verdict::from),
            moderation_flags: flags,
        }
    }

    fn action(&self, labels: &[ModerationLabel], label: &ModerationLabel) -> Option<Action> {
        let lineage = lineage(labels, label);
        self.0
            .iter()
            .filter(|rule| label.confidence >= rule.min_confidence)
            .filter(|rule| lineage.iter().any(|name| name.eq_ignore_ascii_case(&rule.category)))
            .map(|rule| rule.action)
            .max()
    }
}

/// The names of a flag and of all above it. The taxonomy has three levels, so three steps reach its top, even in a looped answer.
fn lineage<'a>(labels: &'a [ModerationLabel], label: &'a ModerationLabel) -> Vec<&'a str> {
    let mut names = vec![label.name.as_str()];
    let mut parent = label.parent_name.as_str();
    while !parent.is_empty() && names.len() < 3 {
        names.push(parent);
        parent = labels.iter().find(|other| other.name == parent).map_or("", |other| other.parent_name.as_str());
    }
    names
}
