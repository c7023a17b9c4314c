//! What inspection learns of an image, and what later steps know it by.

use crate::model::clock::EpochMillis;
use serde::{Deserialize, Serialize};

/// Formats that we take, told by content and never by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP; converted, since Rekognition does not read it.
    WebP,
}

impl ImageFormat {
    /// File endings that fit this format.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Png => &["png"],
            Self::WebP => &["webp"],
        }
    }

    /// The format's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
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

/// What the camera wrote into the file. Everything is optional, and claimed by the file only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExifFacts {
    /// Local time of the shot, `YYYY-MM-DDThh:mm:ss`, with the offset where the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Make and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// Where it was taken; kept only where the settings allow it.
    #[serde(default, rename = "GPS", skip_serializing_if = "Option::is_none")]
    pub gps: Option<GeoPoint>,
}

/// An inspected, claimed image: what travels through the state machine instead of bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImageRef {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Its owner.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
    /// The file's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// Epoch milliseconds of the object's `LastModified`; second half of the record's key.
    pub upload_timestamp: EpochMillis,
    /// Bucket.
    pub bucket: String,
    /// Exact key of the original.
    pub key: String,
    /// Version of the original, on a versioned bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Bytes of the original.
    pub size: u64,
    /// Format by content.
    pub format: ImageFormat,
    /// Upright width of the original, px.
    pub width: u32,
    /// Upright height of the original, px.
    pub height: u32,
    /// Hex SHA-256 of the original.
    pub content_sha256: String,
    /// Key of the normalised copy, which every analysis looks at.
    pub processed_key: String,
    /// Key of the thumbnail.
    pub thumbnail_key: String,
    /// What the camera wrote.
    #[serde(default)]
    pub exif: ExifFacts,
    /// Oddities that do not stop the analysis, a sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The execution that owns the record.
    pub execution_arn: String,
}

impl ImageRef {
    /// `s3://bucket/key` of the original.
    pub fn s3_url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// A box. All values 0–1; parts outside the image may go beyond, as in Rekognition's answers.
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
    /// Area as a fraction of the image's.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// The same box with four decimals, which is a tenth of a pixel in our copies: shorter in state and records.
    #[must_use]
    pub fn rounded(&self) -> Self {
        let round = |value: f64| (value * 10_000.0).round() / 10_000.0;
        Self { left: round(self.left), top: round(self.top), width: round(self.width), height: round(self.height) }
    }
}

/// A confidence in percent with two decimals.
pub fn percent(confidence: f64) -> f64 {
    (confidence * 100.0).round() / 100.0
}
