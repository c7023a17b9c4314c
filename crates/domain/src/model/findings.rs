//! The findings of the analyses, in the form that the state machine passes on and the record stores.

use crate::model::{analysis::Outcome, image::BoundingBox};
use serde::{Deserialize, Serialize};
use strum::AsRefStr;

/// A label in a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoredLabel {
    /// Name, in lower case.
    pub name: String,
    /// Confidence, percent.
    pub confidence: f64,
    /// Broader labels.
    #[serde(default)]
    pub parents: Vec<String>,
    /// Other names.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Categories.
    #[serde(default)]
    pub categories: Vec<String>,
    /// One box for each instance, if the label can be counted; at most [`MAX_BOXES`].
    #[serde(default)]
    pub boxes: Vec<BoundingBox>,
}

/// Maximum number of boxes stored per label. The stored answer in `results/` has all of them.
pub const MAX_BOXES: usize = 50;

/// The decision whether a follow-up analysis runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Gate {
    /// Whether it runs.
    pub found: bool,
    /// The reason, in one sentence.
    pub reason: String,
}

/// A name with its confidence in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Scored {
    /// The name.
    pub name: String,
    /// Confidence, percent.
    pub confidence: f64,
}

/// The output of `detect-labels`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelsFound {
    /// The outcome of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The labels to store, most confident first.
    pub labels: Vec<StoredLabel>,
    /// Whether the faces are analysed.
    pub person: Gate,
    /// Whether text is detected.
    pub text: Gate,
    /// Watched labels that were found.
    pub watched: Vec<Scored>,
}

/// An estimated age, in years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgeRange {
    /// Lower bound.
    pub low: i32,
    /// Upper bound.
    pub high: i32,
}

/// An estimated value with its confidence in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Estimate<T> {
    /// The value.
    pub value: T,
    /// Confidence, percent.
    #[serde(default)]
    pub confidence: f64,
}

/// The direction of a face, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pose {
    /// Tilt of the head.
    pub roll: f64,
    /// Left or right.
    pub yaw: f64,
    /// Up or down.
    pub pitch: f64,
}

/// The image quality of a face, each value 0–100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Quality {
    /// Brightness.
    pub brightness: f64,
    /// Sharpness.
    pub sharpness: f64,
}

/// A face in a record. Age, gender and emotions are estimates from the appearance, not facts about a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Face {
    /// Its position.
    pub r#box: BoundingBox,
    /// Confidence that this is a face, percent.
    pub confidence: f64,
    /// Estimated age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_range: Option<AgeRange>,
    /// Estimated gender, `Female` or `Male`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Estimate<String>>,
    /// The most confident emotions, at most [`MAX_EMOTIONS`].
    #[serde(default)]
    pub emotions: Vec<Scored>,
    /// Attributes that the face has, such as `Smile` or `Eyeglasses`.
    #[serde(default)]
    pub attributes: Vec<Scored>,
    /// Its direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pose: Option<Pose>,
    /// Its image quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// Maximum number of emotions stored per face. The stored answer in `results/` has all of them.
pub const MAX_EMOTIONS: usize = 3;

/// The output of `analyze-faces`, or the value in its place if the analysis was skipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FacesFound {
    /// The outcome of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The faces, largest first.
    #[serde(default)]
    pub face_data: Vec<Face>,
}

/// A line of text in a record. It does not implement `Debug`, so that found text is never logged.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// Confidence, percent.
    pub confidence: f64,
    /// Its position.
    pub r#box: BoundingBox,
}

/// The output of `detect-text`, or the value in its place if the analysis was skipped.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextFound {
    /// The outcome of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The lines, in reading order.
    #[serde(default)]
    pub text_lines: Vec<TextLine>,
}

/// What the moderation policy does about a flag, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PolicyAction {
    /// Send an alert.
    Alert,
    /// Send an alert, and wait for the decision of a reviewer.
    Review,
    /// Send an alert, and withhold the image.
    Block,
}

/// The verdict of moderation on an image, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, AsRefStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Verdict {
    /// The policy acts on no flag.
    Clear,
    /// See [`PolicyAction::Alert`].
    Alert,
    /// See [`PolicyAction::Review`].
    Review,
    /// See [`PolicyAction::Block`].
    Block,
}

impl From<PolicyAction> for Verdict {
    fn from(action: PolicyAction) -> Self {
        match action {
            PolicyAction::Alert => Self::Alert,
            PolicyAction::Review => Self::Review,
            PolicyAction::Block => Self::Block,
        }
    }
}

/// A moderation flag in a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Flag {
    /// Name.
    pub name: String,
    /// Name of the parent flag; empty at level 1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parent_name: String,
    /// Level in Rekognition's taxonomy, 1 to 3.
    pub taxonomy_level: i32,
    /// Confidence, percent.
    pub confidence: f64,
    /// What the policy does about it; `None` if no rule matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<PolicyAction>,
}

/// The output of `moderate-image`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModerationFound {
    /// The outcome of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The verdict of the policy.
    pub verdict: Verdict,
    /// The flags, most confident first.
    pub moderation_flags: Vec<Flag>,
}
