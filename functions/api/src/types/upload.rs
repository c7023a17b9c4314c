//! Asking for upload links.

use super::{Time, image::Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Files to upload.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UploadRequest {
    /// 1 to 100 files.
    #[schema(min_items = 1, max_items = 100)]
    pub files: Vec<DeclaredFile>,
}

/// A file, as its browser describes it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclaredFile {
    /// Its name, for people; of a path, the last part.
    #[schema(example = "beach.jpg", min_length = 1, max_length = 1024)]
    pub name: String,
    /// Its content type.
    #[schema(example = "image/jpeg")]
    pub r#type: String,
    /// Bytes.
    #[schema(example = 238_511)]
    pub size: u64,
    /// The lower-case hex SHA-256 of its content.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
}

/// What to do with each file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UploadAnswer {
    /// In the order of the request.
    pub files: Vec<UploadFile>,
}

/// What to do with a file.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "UPPERCASE")]
pub enum UploadFile {
    /// Send it: PUT to `url` with exactly these `headers`. S3 accepts only this content, type and length. An answer 412 means that it was
    /// sent before.
    #[schema(title = "UploadGranted")]
    Upload {
        /// Name from the request.
        name: String,
        /// The image that it becomes.
        #[serde(rename = "imageId")]
        image_id: String,
        /// Presigned URL; a secret until it expires.
        url: String,
        /// Headers that are part of the signature. Browsers set `Content-Length` and `Host` themselves.
        headers: BTreeMap<String, String>,
        /// When the link expires.
        #[serde(rename = "expiresAt")]
        expires_at: Time,
    },
    /// Do not send it: the caller has this image already, or the same content is uploaded earlier in the request.
    #[schema(title = "UploadKnown")]
    Known {
        /// Name from the request.
        name: String,
        /// The image.
        #[serde(rename = "imageId")]
        image_id: String,
        /// Its status; null if the same content is uploaded earlier in the request.
        status: Option<Status>,
        /// Why it is FAILED: a reason code. The same content would be rejected again.
        reason: Option<String>,
        /// The same reason as a sentence.
        detail: Option<String>,
    },
    /// Do not send it: it would be rejected.
    #[schema(title = "UploadRefused")]
    Refused {
        /// Name from the request.
        name: String,
        /// Reason code, such as `TOO_LARGE`.
        reason: String,
        /// The reason as a sentence.
        detail: String,
    },
}
