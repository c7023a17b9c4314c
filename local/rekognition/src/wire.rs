//! The JSON of requests, as the four operations share it, and the checks of numbers.

use std::borrow::Cow;

use serde::Deserialize;

use crate::error::{ApiError, Code};

/// The value of `LabelModelVersion` and similar fields, so that a response cannot be mistaken for the service's own.
pub const MODEL_VERSION: &str = "local-1.0";

/// The image of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageField<'a> {
    /// Base64; borrowed from the body, because it may have 7 MB.
    #[serde(borrow)]
    pub bytes: Option<Cow<'a, str>>,
    pub s3_object: Option<S3Object>,
}

/// An image in S3.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct S3Object {
    pub bucket: Option<String>,
    pub name: Option<String>,
    pub version: Option<String>,
}

/// The parameters of all four operations. As on AWS, an operation ignores the parameters of the others.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Request<'a> {
    #[serde(borrow)]
    pub image: Option<ImageField<'a>>,
    pub max_labels: Option<i64>,
    pub min_confidence: Option<f32>,
    pub features: Option<Vec<String>>,
    pub settings: Option<LabelSettings>,
    pub attributes: Option<Vec<String>>,
    pub filters: Option<TextFilters>,
    pub human_loop_config: Option<serde_json::Map<String, serde_json::Value>>,
    pub project_version: Option<String>,
}

/// `Settings` of `DetectLabels`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LabelSettings {
    pub general_labels: Option<LabelFilters>,
}

/// Labels to include, by name or category (if both lists are empty: all), and to exclude.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LabelFilters {
    #[serde(rename = "LabelInclusionFilters")]
    pub included: Vec<String>,
    #[serde(rename = "LabelExclusionFilters")]
    pub excluded: Vec<String>,
    #[serde(rename = "LabelCategoryInclusionFilters")]
    pub included_categories: Vec<String>,
    #[serde(rename = "LabelCategoryExclusionFilters")]
    pub excluded_categories: Vec<String>,
}

/// `Filters` of `DetectText`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TextFilters {
    pub word_filter: Option<WordFilter>,
    pub regions_of_interest: Vec<Region>,
}

/// The minimum that a word must have.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WordFilter {
    #[serde(rename = "MinConfidence")]
    pub confidence: Option<f32>,
    #[serde(rename = "MinBoundingBoxHeight")]
    pub height: Option<f32>,
    #[serde(rename = "MinBoundingBoxWidth")]
    pub width: Option<f32>,
}

/// A region of interest.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Region {
    pub bounding_box: Option<RegionBox>,
    pub polygon: Option<Vec<serde_json::Value>>,
}

/// The sides of a region, as fractions of the image.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RegionBox {
    pub left: Option<f32>,
    pub top: Option<f32>,
    pub width: Option<f32>,
    pub height: Option<f32>,
}

impl<'a> Request<'a> {
    /// Parses the body.
    ///
    /// # Errors
    /// `SerializationException` for invalid JSON and wrong types.
    pub fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body).map_err(|error| ApiError::new(Code::Serialization, error.to_string()))
    }

    /// The key of the image in S3, which faults and counts refer to; empty for inline bytes.
    pub fn image_key(&self) -> &str {
        self.image.as_ref().and_then(|image| image.s3_object.as_ref()?.name.as_deref()).unwrap_or_default()
    }
}

/// Checks that an optional number is within 0 and 100.
pub fn percentage(name: &str, value: Option<f32>) -> Result<Option<f32>, ApiError> {
    bounded(name, value, 100.)
}

/// Checks that an optional number is within 0 and `max`.
pub fn bounded(name: &str, value: Option<f32>, max: f32) -> Result<Option<f32>, ApiError> {
    match value {
        Some(number) if !(0. ..=max).contains(&number) => Err(ApiError::invalid_parameter(&format!("{name} must be within 0 and {max}"))),
        _ => Ok(value),
    }
}
