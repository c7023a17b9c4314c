//! Why an image is not analysed: it is rejected, a duplicate, or not an image but a folder marker.

use crate::model::error::StepError;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, EnumString, VariantArray};

/// The reason codes of rejected images, which records have in `StatusReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, AsRefStr, VariantArray)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    /// The file has zero bytes.
    EmptyFile,
    /// The file has more bytes than the setting `maxBytes` allows (15 MB, Rekognition's limit for S3 objects).
    TooLarge,
    /// The content is not a known image format.
    NotAnImage,
    /// The content is an image, but not JPEG, PNG or WebP.
    UnsupportedFormat,
    /// Pixels are missing or damaged.
    Truncated,
    /// One side is shorter than 80 px, Rekognition's minimum.
    TooSmall,
    /// The image has more pixels than the setting `maxPixels` allows.
    TooManyPixels,
    /// One side is so much longer than the other that no copy fits Rekognition's limits.
    TooNarrow,
    /// Rekognition refused an image that inspection accepted.
    RefusedByProvider,
    /// The object was deleted before it was inspected.
    ObjectDeleted,
}

impl ReasonCode {
    /// All codes.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Whether the same content would be rejected again. A deleted object can be uploaded again.
    pub const fn is_permanent(self) -> bool {
        !matches!(self, Self::ObjectDeleted)
    }

    /// The [permanent](Self::is_permanent) codes.
    pub fn permanent() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|code| code.is_permanent())
    }
}

/// The rejection of an image: analysing it again would fail in the same way. Displayed as `CODE: sentence`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejection {
    /// The reason code.
    pub code: ReasonCode,
    /// The reason in one sentence, for people.
    pub detail: String,
}

impl Rejection {
    /// A rejection with the sentence `detail`.
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Parses the form `CODE: sentence`; `None` if `message` has no known code.
    pub fn parse(message: &str) -> Option<Self> {
        let (code, detail) = message.split_once(": ")?;
        Some(Self::new(code.parse().ok()?, detail))
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

/// The upload needs no analysis: its image already has a record, which another execution holds, or was erased.
#[derive(Debug, thiserror::Error)]
#[error("image {image_id} {}", duplicate_reason(execution_arn))]
pub struct DuplicateImage {
    /// The image.
    pub image_id: String,
    /// The execution that holds the record; empty if the image was erased.
    pub execution_arn: String,
}

fn duplicate_reason(execution_arn: &str) -> String {
    if execution_arn.is_empty() { "was erased".to_owned() } else { format!("was or is being analysed by {execution_arn}") }
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

/// The object is a folder marker ([`crate::model::identity::is_folder_marker`]), not an upload.
#[derive(Debug, thiserror::Error)]
#[error("the object is a folder marker, not an upload")]
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
    fn a_rejection_parses_from_its_own_message() {
        for code in ReasonCode::ALL {
            let rejection = Rejection::new(*code, "some: detail");
            assert_eq!(Rejection::parse(&rejection.to_string()), Some(rejection));
        }
    }

    #[test]
    fn an_unknown_code_does_not_parse() {
        assert_eq!(Rejection::parse("NO_SUCH_CODE: x"), None);
    }
}
