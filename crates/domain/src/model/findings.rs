//! What the analyses found, as the state machine carries it and the record stores it.

use crate::model::{analysis::Outcome, image::BoundingBox};
use serde::{Deserialize, Serialize};

/// A label of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoredLabel {
    /// Lower case.
    pub name: String,
    /// Percent.
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
    /// Where, for things that can be counted; at most [`MAX_BOXES`].
    #[serde(default)]
    pub boxes: Vec<BoundingBox>,
}

/// Boxes kept per label; the whole answer in `results/` has all of them.
pub const MAX_BOXES: usize = 50;

/// Whether a follow-up analysis is worth its price, and why (not).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Gate {
    /// Go on?
    pub found: bool,
    /// One sentence.
    pub reason: String,
}

/// A name with its confidence in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Scored {
    /// The name.
    pub name: String,
    /// Percent.
    pub confidence: f64,
}

/// What the state machine carries of the labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelsFound {
    /// What became of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The labels to store, most confident first.
    pub labels: Vec<StoredLabel>,
    /// Is there a person?
    pub person: Gate,
    /// Is there text?
    pub text: Gate,
    /// Watched labels that were found.
    pub watched: Vec<Scored>,
}

/// An estimated age, in years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgeRange {
    /// From.
    pub low: i32,
    /// To.
    pub high: i32,
}

/// A guess with its confidence in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Guess<T> {
    /// What is guessed.
    pub value: T,
    /// Percent.
    #[serde(default)]
    pub confidence: f64,
}

/// Where a face looks, in degrees.
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

/// How well a face can be seen, 0–100 each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Quality {
    /// Brightness.
    pub brightness: f64,
    /// Sharpness.
    pub sharpness: f64,
}

/// A face of a record. Age, gender and emotions are estimates of how a face looks, not facts about a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Face {
    /// Where.
    pub r#box: BoundingBox,
    /// Percent that this is a face.
    pub confidence: f64,
    /// Estimated age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_range: Option<AgeRange>,
    /// Estimated gender, `Female` or `Male`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Guess<String>>,
    /// The likeliest emotions, at most [`MAX_EMOTIONS`].
    #[serde(default)]
    pub emotions: Vec<Scored>,
    /// What the face wears or does, such as `Smile` or `Eyeglasses`, as far as the answer says yes.
    #[serde(default)]
    pub attributes: Vec<Scored>,
    /// Where it looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pose: Option<Pose>,
    /// How well it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
}

/// Emotions kept per face; the whole answer in `results/` has all of them.
pub const MAX_EMOTIONS: usize = 3;

/// What the state machine carries of the faces, found or skipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FacesFound {
    /// What became of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The faces, largest first.
    #[serde(default)]
    pub face_data: Vec<Face>,
}

/// A line of text of a record. It has no `Debug`, since found text stays out of logs.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// Percent.
    pub confidence: f64,
    /// Where.
    pub r#box: BoundingBox,
}

/// What the state machine carries of the text, found or skipped.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TextFound {
    /// What became of the analysis.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The lines, in reading order.
    #[serde(default)]
    pub text_lines: Vec<TextLine>,
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

/// The verdict as written in messages.
pub const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => "CLEAR",
        Verdict::Alert => "ALERT",
        Verdict::Review => "REVIEW",
        Verdict::Block => "BLOCK",
    }
}
