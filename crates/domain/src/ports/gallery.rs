use super::Page;
use crate::model::{
    clock::EpochMillis,
    error::StorageError,
    findings::{Scored, Verdict},
    record::{ProcessingStatus, Record, is_withheld},
    review::ReviewStatus,
};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// The key of a record, and a position in the gallery or in a work queue: directly after this image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordKey {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Sort key of the record, epoch milliseconds.
    pub upload_timestamp: EpochMillis,
}

impl RecordKey {
    /// The key of a record.
    pub fn of(record: &Record) -> Self {
        Self { image_id: record.image_id.clone(), upload_timestamp: record.upload_timestamp }
    }
}

/// An image in the gallery: the attributes of a record that the index contains.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GalleryImage {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// When it was uploaded, epoch milliseconds.
    pub upload_timestamp: EpochMillis,
    /// Its owner.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
    /// The name of its file.
    pub image_name: Option<String>,
    /// The owner's title.
    pub title: Option<String>,
    /// Its status.
    pub processing_status: ProcessingStatus,
    /// Why it is FAILED.
    pub status_reason: Option<String>,
    /// Its review status.
    #[serde(default)]
    pub review_status: ReviewStatus,
    /// The verdict of the moderation policy.
    pub moderation_verdict: Option<Verdict>,
    /// Upright width, px.
    pub width: Option<u32>,
    /// Upright height, px.
    pub height: Option<u32>,
    /// Base64 of the thumbhash.
    pub thumbhash: Option<String>,
    /// The first labels, as the owner wants them.
    #[serde(default)]
    pub detection_summary: Vec<Scored>,
    /// The labels that the owner added. The other labels of the summary are Rekognition's.
    #[serde(default)]
    pub own_labels: Vec<String>,
    /// The number of faces.
    pub face_count: Option<usize>,
    /// The number of lines of text.
    pub text_line_count: Option<usize>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Key of the thumbnail.
    pub thumbnail_key: Option<String>,
    /// Key of the thumbnail for dense screens.
    pub large_thumbnail_key: Option<String>,
}

impl GalleryImage {
    /// Whether the image must not be shown.
    pub fn is_withheld(&self) -> bool {
        is_withheld(self.moderation_verdict, self.review_status)
    }
}

impl From<&Record> for GalleryImage {
    fn from(record: &Record) -> Self {
        Self {
            image_id: record.image_id.clone(),
            upload_timestamp: record.upload_timestamp,
            owner_id: record.owner_id.clone(),
            image_name: record.image_name.clone(),
            title: record.title.clone(),
            processing_status: record.processing_status,
            status_reason: record.status_reason.clone(),
            review_status: record.review_status,
            moderation_verdict: record.moderation_verdict,
            width: record.width,
            height: record.height,
            thumbhash: record.thumbhash.clone(),
            detection_summary: record.detection_summary.clone().unwrap_or_default(),
            own_labels: record.own_labels.clone(),
            face_count: record.face_count,
            text_line_count: record.text_line_count,
            latitude: record.latitude,
            longitude: record.longitude,
            thumbnail_key: record.thumbnail_key.clone(),
            large_thumbnail_key: record.large_thumbnail_key.clone(),
        }
    }
}

/// Which images of a gallery are returned. The default returns all except ERASED ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GalleryFilter {
    /// Only images with this status; `None`: all except ERASED ones.
    pub status: Option<ProcessingStatus>,
    /// Only images with a face.
    pub has_faces: bool,
    /// Only images with a line of text.
    pub has_text: bool,
    /// Only images with a position.
    pub has_position: bool,
}

/// A page of a gallery.
#[derive(Debug, Clone)]
pub struct GalleryQuery<'a> {
    /// The owner.
    pub owner_id: &'a str,
    /// Only images uploaded at this time or later, epoch milliseconds.
    pub from: Option<EpochMillis>,
    /// Only images uploaded at this time or earlier, epoch milliseconds.
    pub to: Option<EpochMillis>,
    /// Only images after this one: the end of the last page. It must be between `from` and `to`.
    pub after: Option<&'a RecordKey>,
    /// Which images are returned.
    pub filter: GalleryFilter,
    /// Rows of the index that are read, at least 1. It bounds the cost of the page; the filter can leave fewer.
    pub limit: u16,
}

/// The images of an owner. A read costs at most the page that it asks for. The indexes are eventually consistent.
///
/// # Errors
///
/// Every method returns [`StorageError`] if DynamoDB does not answer or refuses the request.
pub trait Gallery: Sync {
    /// A page of an owner's images, the newest first. It can be empty although more pages follow.
    fn gallery_page(&self, query: &GalleryQuery<'_>) -> impl Future<Output = Result<Page<GalleryImage, RecordKey>, StorageError>> + Send;

    /// The records under these keys, in the same order, without those that do not exist or cannot be read.
    fn records(&self, keys: &[RecordKey]) -> impl Future<Output = Result<Vec<Record>, StorageError>> + Send;

    /// The owner's COMPLETED image of the content with this SHA-256 (lower-case hex); `None` if there is none.
    fn completed_image(&self, owner_id: &str, content_sha256: &str)
    -> impl Future<Output = Result<Option<RecordKey>, StorageError>> + Send;
}
