//! What a client asks, as it comes over the wire, and the checks that need no image.

mod faces;
mod labels;
mod text;

use std::borrow::Cow;

use serde::Deserialize;

pub use self::{
    faces::{Attribute, FacesRequest},
    labels::LabelsRequest,
    text::{TextRequest, WordRules},
};
use crate::{
    operation::Operation,
    refusal::{Code, Refusal},
};

/// The image of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageField<'a> {
    /// Base64; borrowed from the body, for it may be 7 MB.
    #[serde(borrow)]
    pub bytes: Option<Cow<'a, str>>,
    pub s3_object: Option<S3Object>,
}

/// Where an image lies in S3.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct S3Object {
    pub bucket: Option<String>,
    pub name: Option<String>,
    pub version: Option<String>,
}

/// The fields of all four operations; an operation ignores what it does not know, as on AWS.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Request<'a> {
    #[serde(borrow)]
    pub image: Option<ImageField<'a>>,
    max_labels: Option<i64>,
    min_confidence: Option<f32>,
    features: Option<Vec<String>>,
    settings: Option<labels::Settings>,
    attributes: Option<Vec<String>>,
    filters: Option<text::Filters>,
    human_loop_config: Option<serde_json::Map<String, serde_json::Value>>,
    project_version: Option<String>,
}

/// What is to be done with the image, with all parameters checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    Labels(LabelsRequest),
    Faces(FacesRequest),
    Text(TextRequest),
    Moderation {
        /// 0–100.
        min_confidence: f32,
    },
}

impl<'a> Request<'a> {
    /// Reads the body. Wrong JSON and wrong types are a `SerializationException`.
    pub fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map_err(|error| Refusal::new(Code::Serialization, error.to_string()))
    }

    /// The key of the image in S3, by which faults and counts are told apart; empty for inline bytes.
    pub fn image_name(&self) -> &str {
        self.image.as_ref().and_then(|image| image.s3_object.as_ref()?.name.as_deref()).unwrap_or_default()
    }

    /// Checks the parameters of an operation, before any image is read.
    pub fn task(&self, operation: Operation) -> Result<Task, Refusal> {
        Ok(match operation {
            Operation::DetectLabels => Task::Labels(labels::check(self)?),
            Operation::DetectFaces => Task::Faces(faces::check(self.attributes.as_deref().unwrap_or_default())?),
            Operation::DetectText => Task::Text(text::check(self.filters.as_ref())?),
            Operation::DetectModerationLabels => self.moderation()?,
        })
    }

    /// Default threshold: 50, as documented for `DetectModerationLabels`.
    fn moderation(&self) -> Result<Task, Refusal> {
        if self.human_loop_config.is_some() {
            return Err(Refusal::not_here("HumanLoopConfig"));
        }
        if self.project_version.is_some() {
            return Err(Refusal::not_here("ProjectVersion (an adapter)"));
        }
        Ok(Task::Moderation { min_confidence: percentage("MinConfidence", self.min_confidence)?.unwrap_or(50.) })
    }
}

/// Passes on an optional number of 0–100.
fn percentage(name: &str, value: Option<f32>) -> Result<Option<f32>, Refusal> {
    bounded(name, value, 100.)
}

/// Passes on an optional number from 0 to `max`.
fn bounded(name: &str, value: Option<f32>, max: f32) -> Result<Option<f32>, Refusal> {
    match value {
        Some(number) if !(0. ..=max).contains(&number) => Err(Refusal::parameter(&format!("{name} must be within 0 and {max}"))),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests;
