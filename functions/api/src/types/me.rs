//! Who is signed in.

use serde::Serialize;
use utoipa::ToSchema;

/// The caller, and the limits in force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The subject of the access token: the owner of the caller's images.
    #[schema(example = "5f0c1b9e-3a57-4d0c-9b1d-2f6a7c8e9d10")]
    pub sub: String,
    /// The caller's groups: `reviewers` decide reviews, `operators` see executions and the trends of the deployment.
    #[schema(example = json!(["reviewers"]))]
    pub groups: Vec<String>,
    /// What an upload may be.
    pub limits: Limits,
}

/// What an upload may be.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Maximum size of a file in bytes.
    #[schema(example = 15_728_640)]
    pub max_bytes: u64,
    /// Maximum number of pixels.
    #[schema(example = 50_000_000)]
    pub max_pixels: u64,
    /// Minimum length of each side, px.
    #[schema(example = 80)]
    pub min_side: u32,
    /// Accepted content types.
    #[schema(example = json!(["image/jpeg", "image/png", "image/webp"]))]
    pub types: Vec<String>,
    /// Maximum number of files in one request.
    #[schema(example = 100)]
    pub max_files_per_request: usize,
}
