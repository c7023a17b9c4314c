//! Alerts: one message about one image, with its watched labels and moderation flags.

use crate::model::{
    findings::{Flag, LabelsFound, ModerationFound, Scored},
    image::ImageRef,
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use strum::AsRefStr;

/// The kind of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, AsRefStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertKind {
    /// The image has a watched label, or a flag on which the policy acts.
    Concern,
    /// Its review expired without a decision: the image is withheld.
    ReviewExpired,
}

/// The input of `send-alert`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlertRequest {
    /// The kind of the alert.
    pub kind: AlertKind,
    /// The image.
    pub image: ImageRef,
    /// The output of `detect-labels`.
    pub labels: LabelsFound,
    /// The output of `moderate-image`.
    pub moderation: ModerationFound,
}

/// One SNS message.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertMessage {
    /// At most 100 ASCII characters (SNS API reference, `Publish`).
    pub subject: String,
    /// Plain text for people.
    pub body: String,
    /// Attributes that subscriptions can filter by.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// SNS type `String`.
    Text(String),
    /// SNS type `String.Array`.
    List(Vec<String>),
}

impl AlertRequest {
    /// The message for SNS. It contains labels and flags, but never found text or faces.
    pub fn message(&self) -> AlertMessage {
        let subject = match self.kind {
            AlertKind::Concern => format!("sightline: {}", self.headline()),
            AlertKind::ReviewExpired => "sightline: review expired, image withheld".to_owned(),
        };
        let flags: Vec<&Flag> = self.moderation.moderation_flags.iter().filter(|flag| flag.action.is_some()).collect();
        AlertMessage {
            subject: subject.chars().filter(|c| matches!(c, ' '..='~')).take(100).collect(),
            body: self.body(&flags),
            attributes: vec![
                ("Kind", Attribute::Text(self.kind.as_ref().to_owned())),
                ("ImageID", Attribute::Text(self.image.image_id.clone())),
                ("OwnerID", Attribute::Text(one_line(&self.image.owner_id))),
                ("Verdict", Attribute::Text(self.moderation.verdict.as_ref().to_owned())),
                ("WatchedLabels", Attribute::List(self.labels.watched.iter().map(|label| label.name.clone()).collect())),
                ("ModerationFlags", Attribute::List(flags.iter().map(|flag| flag.name.clone()).collect())),
            ],
        }
    }

    fn headline(&self) -> String {
        let watched = self.labels.watched.iter().map(|label| label.name.as_str());
        let flagged = self.moderation.moderation_flags.iter().filter(|flag| flag.action.is_some()).map(|flag| flag.name.as_str());
        watched.chain(flagged).collect::<Vec<_>>().join(", ")
    }

    fn body(&self, flags: &[&Flag]) -> String {
        let mut body = match self.kind {
            AlertKind::Concern => "An uploaded image needs attention.\n".to_owned(),
            AlertKind::ReviewExpired => "Nobody reviewed this image in time; it is withheld.\n".to_owned(),
        };
        // Writing to a String cannot fail.
        let (owner, object) = (one_line(&self.image.owner_id), one_line(&self.image.s3_url()));
        let _ = writeln!(body, "\nImage    {}", self.image.image_id);
        if let Some(name) = &self.image.image_name {
            let _ = writeln!(body, "Name     {}", one_line(name));
        }
        let _ = writeln!(body, "Owner    {owner}\nObject   {object}");
        let _ = writeln!(body, "Verdict  {}", self.moderation.verdict.as_ref());
        for Scored { name, confidence } in &self.labels.watched {
            let _ = writeln!(body, "Watched  {name} ({confidence:.1} %)");
        }
        for flag in flags {
            let parent = if flag.parent_name.is_empty() { String::new() } else { format!(" < {}", flag.parent_name) };
            let _ = writeln!(body, "Flag     {}{parent} ({:.1} %)", flag.name, flag.confidence);
        }
        let _ = writeln!(body, "\nRun      {}", self.image.execution_arn);
        body
    }
}

/// Replaces line breaks, other control characters, direction marks and characters that XML does not allow by U+FFFD.
///
/// Uploaders choose keys and owners, which can contain any character. They must not add lines to a message or change its text direction, and
/// SNS rejects a message whose attributes contain characters that XML does not allow.
pub(crate) fn one_line(text: &str) -> String {
    let is_replaced = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if is_replaced(c) { '\u{fffd}' } else { c }).collect()
}
