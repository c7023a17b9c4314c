//! Trends and terms.

use super::image::TermKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose images are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The caller's.
    #[default]
    Own,
    /// All images of the deployment; group `operators`.
    Deployment,
}

/// A name with a number of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counted {
    /// Label or reason.
    #[schema(example = "car")]
    pub name: String,
    /// Number of images.
    pub count: u64,
}

/// The labels of a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WeekTrend {
    /// ISO week of the upload.
    #[schema(example = "2026-W48")]
    pub week: String,
    /// Most frequent first.
    pub labels: Vec<Counted>,
}

/// The images that were finished on a day.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayTrend {
    /// Day in UTC.
    #[schema(example = "2026-11-24")]
    pub day: String,
    /// Analysed, and can be shown.
    pub completed: u64,
    /// Analysed, and must not be shown.
    pub withheld: u64,
    /// Rejected with a reason code.
    pub rejected: u64,
    /// Their execution failed.
    pub failed: u64,
    /// Rekognition calls.
    pub calls: u64,
    /// List price of calls and states, in US dollars.
    pub cost_usd: f64,
}

/// Trends.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trends {
    /// Whose images are counted.
    pub scope: Scope,
    /// Labels by week of upload, oldest first.
    pub weeks: Vec<WeekTrend>,
    /// Outcomes by day, oldest first; days without finished images are omitted.
    pub days: Vec<DayTrend>,
    /// Why images were rejected or failed, most frequent first.
    pub reasons: Vec<Counted>,
    /// Images that wait for a reviewer, at most 1,000; null for the scope `own`.
    pub reviews_waiting: Option<usize>,
}

/// A term that completes a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Term {
    /// The term.
    #[schema(example = "car")]
    pub term: String,
    /// Number of the caller's images.
    pub count: u64,
    /// Where it comes from.
    pub kind: TermKind,
}

/// Completions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Terms {
    /// Most used first.
    pub terms: Vec<Term>,
}
