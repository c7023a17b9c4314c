//! The facts about an image that inspection establishes and later steps use.

use crate::model::clock::EpochMillis;
use serde::{Deserialize, Serialize};
use strum::AsRefStr;

/// The accepted formats, recognised by content and never by file name. [`ImageFormat::as_ref`] is the name for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, AsRefStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP; converted, because Rekognition does not read it.
    #[strum(serialize = "WebP")]
    WebP,
}

impl ImageFormat {
    /// Usual file extensions of this format.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Png => &["png"],
            Self::WebP => &["webp"],
        }
    }
}

/// A position on earth, from EXIF.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GeoPoint {
    /// Degrees north, −90 to 90.
    pub latitude: f64,
    /// Degrees east, −180 to 180.
    pub longitude: f64,
}

/// EXIF data of the file. All of it is optional, and none of it is verified.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExifFacts {
    /// Local time at which the photo was taken, `YYYY-MM-DDThh:mm:ss`, with the UTC offset if the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Make and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// Where the photo was taken; stored only if the setting `storeGps` allows it.
    #[serde(default, rename = "GPS", skip_serializing_if = "Option::is_none")]
    pub gps: Option<GeoPoint>,
}

/// An inspected and claimed image: the state machine passes this on instead of the bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageRef {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Its owner.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
    /// The name of the file, for people ([`crate::model::image_name`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// `LastModified` of the object, epoch milliseconds; sort key of the record.
    pub upload_timestamp: EpochMillis,
    /// Bucket.
    pub bucket: String,
    /// Exact key of the original.
    pub key: String,
    /// Version of the original, in a versioned bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Size of the original in bytes.
    pub size: u64,
    /// Format by content.
    pub format: ImageFormat,
    /// Upright width of the original, px.
    pub width: u32,
    /// Upright height of the original, px.
    pub height: u32,
    /// Hex SHA-256 of the original.
    pub content_sha256: String,
    /// Key of the normalised copy, which all analyses use.
    pub processed_key: String,
    /// Key of the thumbnail.
    pub thumbnail_key: String,
    /// Key of the thumbnail for dense screens; `None` if the first one is as large as the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_thumbnail_key: Option<String>,
    /// Base64 of the thumbhash; `None` if an earlier release inspected the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbhash: Option<String>,
    /// EXIF data.
    #[serde(default)]
    pub exif: ExifFacts,
    /// Problems that do not prevent the analysis, one sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The execution that holds the record.
    pub execution_arn: String,
    /// Set by the inspection that created the record after S3's own event; `None` if there may have been a record before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Creation>,
}

/// What only the new record of an image has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Creation {
    /// Entity tag of the original.
    #[serde(rename = "ETag")]
    pub etag: String,
    /// When the execution claimed the record, epoch milliseconds.
    pub claimed_at: EpochMillis,
}

impl ImageRef {
    /// Whether no earlier attempt of a state can have stored anything for this image: its record is new, and the state has no
    /// `earlier_attempts` (retries of the state and redrives of the execution).
    pub const fn is_first_attempt(&self, earlier_attempts: u64) -> bool {
        self.created.is_some() && earlier_attempts == 0
    }

    /// `s3://bucket/key` of the original.
    pub fn s3_url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// A box, in fractions of the image's width and height. As in Rekognition's answers, values can be outside 0–1 if a part of the box is
/// outside the image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BoundingBox {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl BoundingBox {
    /// Area as a fraction of the image's area.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// The same box with four decimals, which are fractions of a pixel in our copies: shorter in payloads and records.
    #[must_use]
    pub fn rounded(&self) -> Self {
        let round = |value: f64| (value * 10_000.0).round() / 10_000.0;
        Self { left: round(self.left), top: round(self.top), width: round(self.width), height: round(self.height) }
    }
}

/// Rounds a confidence in percent to two decimals.
pub fn round_percent(confidence: f64) -> f64 {
    (confidence * 100.0).round() / 100.0
}
