//! `DetectText`.

use serde::Deserialize;
use sightline_vision::BoundingBox;

use super::{bounded, percentage};
use crate::refusal::Refusal;

/// `Filters` of the request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Filters {
    word_filter: Option<WordFilter>,
    regions_of_interest: Vec<Region>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WordFilter {
    #[serde(rename = "MinConfidence")]
    confidence: Option<f32>,
    #[serde(rename = "MinBoundingBoxHeight")]
    height: Option<f32>,
    #[serde(rename = "MinBoundingBoxWidth")]
    width: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Region {
    bounding_box: Option<RegionBox>,
    polygon: Option<Vec<serde_json::Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RegionBox {
    left: Option<f32>,
    top: Option<f32>,
    width: Option<f32>,
    height: Option<f32>,
}

/// Which words to send.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextRequest {
    /// Absent: all words.
    pub words: Option<WordRules>,
    /// Empty: the whole image.
    pub regions: Vec<BoundingBox>,
}

/// The least that a word must have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordRules {
    /// 0–100.
    pub confidence: f32,
    /// A fraction of the image's height.
    pub height: f32,
    /// A fraction of the image's width.
    pub width: f32,
}

/// The documented default of a word filter's `MinConfidence` is 80; without a filter all words are sent.
pub fn check(filters: Option<&Filters>) -> Result<TextRequest, Refusal> {
    let Some(filters) = filters else { return Ok(TextRequest::default()) };
    if filters.regions_of_interest.len() > 10 {
        return Err(Refusal::parameter("RegionsOfInterest holds more than 10 regions"));
    }
    Ok(TextRequest {
        words: filters.word_filter.as_ref().map(word_rules).transpose()?,
        regions: filters.regions_of_interest.iter().map(region).collect::<Result<_, _>>()?,
    })
}

fn word_rules(filter: &WordFilter) -> Result<WordRules, Refusal> {
    Ok(WordRules {
        confidence: percentage("WordFilter.MinConfidence", filter.confidence)?.unwrap_or(80.),
        height: bounded("WordFilter.MinBoundingBoxHeight", filter.height, 1.)?.unwrap_or(0.),
        width: bounded("WordFilter.MinBoundingBoxWidth", filter.width, 1.)?.unwrap_or(0.),
    })
}

fn region(region: &Region) -> Result<BoundingBox, Refusal> {
    if region.polygon.is_some() {
        return Err(Refusal::not_here("a RegionOfInterest with a Polygon"));
    }
    let sides = region.bounding_box.as_ref().and_then(|b| Some((b.left?, b.top?, b.width?, b.height?)));
    let Some((left, top, width, height)) = sides else {
        return Err(Refusal::parameter("a RegionOfInterest needs a BoundingBox with Left, Top, Width and Height"));
    };
    Ok(BoundingBox { left, top, width, height })
}
