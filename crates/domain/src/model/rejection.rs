//! Why an image cannot be analysed, now or ever.

use crate::model::error::StepError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The reason codes of rejected images, as they stand in `StatusReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    /// Zero bytes.
    EmptyFile,
    /// More bytes than allowed (15 MB, Rekognition's limit for S3 objects).
    TooLarge,
    /// No image format that we know.
    NotAnImage,
    /// An image, but not JPEG, PNG or WebP.
    UnsupportedFormat,
    /// The file ends before the picture does, or is damaged.
    Truncated,
    /// A side below 80 px (Rekognition's minimum).
    TooSmall,
    /// More pixels than allowed.
    TooManyPixels,
    /// One side is too many times the other for any copy within Rekognition's limits.
    TooNarrow,
    /// Rekognition refuses an image that we accepted.
    RefusedByProvider,
    /// The object was deleted before it was inspected.
    ObjectDeleted,
}

impl ReasonCode {
    /// All codes, for tables and parsing.
    pub const ALL: [Self; 10] = [
        Self::EmptyFile,
        Self::TooLarge,
        Self::NotAnImage,
        Self::UnsupportedFormat,
        Self::Truncated,
        Self::TooSmall,
        Self::TooManyPixels,
        Self::TooNarrow,
        Self::RefusedByProvider,
        Self::ObjectDeleted,
    ];

    /// Those that the same content will meet again. A deleted object may be uploaded once more.
    pub const FINAL: [Self; 9] = [
        Self::EmptyFile,
        Self::TooLarge,
        Self::NotAnImage,
        Self::UnsupportedFormat,
        Self::Truncated,
        Self::TooSmall,
        Self::TooManyPixels,
        Self::TooNarrow,
        Self::RefusedByProvider,
    ];

    /// The code as written in records and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyFile => "EMPTY_FILE",
            Self::TooLarge => "TOO_LARGE",
            Self::NotAnImage => "NOT_AN_IMAGE",
            Self::UnsupportedFormat => "UNSUPPORTED_FORMAT",
            Self::Truncated => "TRUNCATED",
            Self::TooSmall => "TOO_SMALL",
            Self::TooManyPixels => "TOO_MANY_PIXELS",
            Self::TooNarrow => "TOO_NARROW",
            Self::RefusedByProvider => "REFUSED_BY_PROVIDER",
            Self::ObjectDeleted => "OBJECT_DELETED",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An image that re-running cannot mend. Shown as `CODE: sentence`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejection {
    /// The reason code.
    pub code: ReasonCode,
    /// One sentence for people.
    pub detail: String,
}

impl Rejection {
    /// A rejection with its sentence.
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Reads a rejection back from its `CODE: sentence` form; `None` where `message` has no known code.
    pub fn parse(message: &str) -> Option<Self> {
        let (code, detail) = message.split_once(": ")?;
        let code = ReasonCode::ALL.into_iter().find(|known| known.as_str() == code)?;
        Some(Self::new(code, detail))
    }
}

impl StepError for Rejection {
    fn name(&self) -> &'static str {
        "Image.Rejected"
    }

    fn is_transient(&self) -> bool {
        false
    }

    fn is_expected(&self) -> bool {
        true
    }
}

/// The image has its record already, another execution is at work on it, or it was erased.
#[derive(Debug, thiserror::Error)]
#[error("image {image_id} {}", standing(execution_arn))]
pub struct DuplicateImage {
    /// The image.
    pub image_id: String,
    /// The execution that owns it; empty where the image was erased.
    pub execution_arn: String,
}

fn standing(execution_arn: &str) -> String {
    if execution_arn.is_empty() { "was erased".to_owned() } else { format!("is already analysed, or being analysed by {execution_arn}") }
}

impl StepError for DuplicateImage {
    fn name(&self) -> &'static str {
        "Image.Duplicate"
    }

    fn is_transient(&self) -> bool {
        false
    }

    fn is_expected(&self) -> bool {
        true
    }
}

/// The object stands for a folder: nobody uploaded an image.
#[derive(Debug, thiserror::Error)]
#[error("the object is the marker of a folder, and not an upload")]
pub struct FolderMarker;

impl StepError for FolderMarker {
    fn name(&self) -> &'static str {
        "Upload.FolderMarker"
    }

    fn is_transient(&self) -> bool {
        false
    }

    fn is_expected(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_reads_back_from_its_own_message() {
        for code in ReasonCode::ALL {
            let rejection = Rejection::new(code, "some: detail");
            assert_eq!(Rejection::parse(&rejection.to_string()), Some(rejection));
        }
    }

    #[test]
    fn an_unknown_code_is_no_rejection() {
        assert_eq!(Rejection::parse("NO_SUCH_CODE: x"), None);
    }
}
