//! Reads the flags from an answer of `DetectModerationLabels`, and applies the moderation policy to them.

use crate::model::{
    analysis::{Analysis, DEFAULT_MIN_CONFIDENCE, Outcome, Question},
    findings::{Flag, ModerationFound, PolicyAction, Verdict},
    image::round_percent,
    layout,
};
use crate::rules::analysis::AnalysisRules;
use serde::Deserialize;

/// The answer of `DetectModerationLabels`: the parts that are used.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DetectModerationLabelsAnswer {
    /// Flags of all three levels.
    pub moderation_labels: Vec<ModerationLabel>,
}

/// A flag in Rekognition's format.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ModerationLabel {
    /// Name.
    pub name: String,
    /// Name of the parent flag; empty at level 1.
    pub parent_name: String,
    /// Level in Rekognition's taxonomy, 1 to 3.
    pub taxonomy_level: i32,
    /// Confidence, percent.
    pub confidence: f64,
}

/// One rule of the policy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The category, of any level. The rule also applies to all categories below it.
    pub category: String,
    /// The minimum confidence at which the rule applies, percent.
    pub min_confidence: f64,
    /// The action for a flag of this category.
    pub action: PolicyAction,
}

/// The moderation policy. If several rules match a flag, the strictest one applies.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Policy(Vec<Rule>);

impl Policy {
    /// The `MinConfidence` of the Rekognition call, percent: low enough that the answer has every flag that a rule can match.
    pub fn request_min_confidence(&self) -> f64 {
        self.0.iter().map(|rule| rule.min_confidence).fold(DEFAULT_MIN_CONFIDENCE, f64::min)
    }

    /// The problems of the policy, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.0
            .iter()
            .filter(|rule| !(0.0..=100.0).contains(&rule.min_confidence))
            .map(|rule| format!("minConfidence of category {:?} is not within 0 to 100", rule.category))
            .collect()
    }

    fn action(&self, labels: &[ModerationLabel], label: &ModerationLabel) -> Option<PolicyAction> {
        let lineage = lineage(labels, label);
        self.0
            .iter()
            .filter(|rule| label.confidence >= rule.min_confidence)
            .filter(|rule| lineage.iter().any(|name| name.eq_ignore_ascii_case(&rule.category)))
            .map(|rule| rule.action)
            .max()
    }
}

/// The names of a flag and of its ancestors. The taxonomy has three levels; stopping after three also ends a cycle in the answer.
fn lineage<'a>(labels: &'a [ModerationLabel], label: &'a ModerationLabel) -> Vec<&'a str> {
    let mut names = vec![label.name.as_str()];
    let mut parent = label.parent_name.as_str();
    while !parent.is_empty() && names.len() < 3 {
        names.push(parent);
        parent = labels.iter().find(|other| other.name == parent).map_or("", |other| other.parent_name.as_str());
    }
    names
}

impl AnalysisRules for Policy {
    const ANALYSIS: Analysis = Analysis::Moderation;
    type Answer = DetectModerationLabelsAnswer;
    type Found = ModerationFound;

    fn question(&self) -> Question {
        Question::moderation(self.request_min_confidence())
    }

    fn read(&self, image_id: &str, answer: &DetectModerationLabelsAnswer) -> ModerationFound {
        let labels = &answer.moderation_labels;
        let mut flags: Vec<Flag> = labels
            .iter()
            .map(|label| Flag {
                name: label.name.clone(),
                parent_name: label.parent_name.clone(),
                taxonomy_level: label.taxonomy_level,
                confidence: round_percent(label.confidence),
                action: self.action(labels, label),
            })
            .filter(|flag| flag.action.is_some() || flag.confidence >= DEFAULT_MIN_CONFIDENCE)
            .collect();
        flags.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        ModerationFound {
            outcome: Outcome::Done { result_key: layout::result(image_id, Analysis::Moderation) },
            verdict: flags.iter().filter_map(|flag| flag.action).max().map_or(Verdict::Clear, Verdict::from),
            moderation_flags: flags,
        }
    }

    fn count(answer: &DetectModerationLabelsAnswer, found: &ModerationFound) -> (usize, usize) {
        (answer.moderation_labels.len(), found.moderation_flags.len())
    }
}
