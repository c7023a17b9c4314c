//! Merges the findings of all branches into the final record.

use crate::model::{
    clock::EpochMillis,
    findings::{FacesFound, LabelsFound, ModerationFound, TextFound},
    image::ImageRef,
    layout,
    record::{Analyses, ProcessingStatus, Record, expires_at, is_withheld},
    review::ReviewOutcome,
};
use crate::rules::overlay::summary;
use serde::Deserialize;

/// The input of `store-record`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Findings {
    /// The image.
    pub image: ImageRef,
    /// The output of `detect-labels`.
    pub labels: LabelsFound,
    /// The output of `analyze-faces`, or the reason why it was skipped.
    pub faces: FacesFound,
    /// The output of `detect-text`, or the reason why it was skipped.
    pub text: TextFound,
    /// The output of `moderate-image`.
    pub moderation: ModerationFound,
    /// The outcome of the review, if there was one.
    #[serde(default)]
    pub review: Option<ReviewOutcome>,
}

/// The COMPLETED record: the record as it was `claimed`, with its title and its own and removed labels, and the `findings`.
///
/// A decision that is saved in the record takes precedence over the outcome in the findings, because the execution may not have received it.
/// With `retention_days` = 0 the record never expires.
pub fn merge(claimed: Record, findings: Findings, now: EpochMillis, retention_days: u32) -> Record {
    let Findings { image, labels, faces, text, moderation, review } = findings;
    let review = claimed.decision().or(review).unwrap_or_default();
    let final_key = if is_withheld(Some(moderation.verdict), review.status) { layout::withheld } else { str::to_owned };
    let gps = image.exif.gps;
    let merged = Record {
        processing_status: ProcessingStatus::Completed,
        status_reason: None,
        status_detail: None,
        review_status: review.status,
        reviewed_by: review.reviewed_by,
        reviewed_at: review.reviewed_at,
        review_reason: review.review_reason,
        work_queue: None,
        labels: Some(labels.labels),
        watched_labels: Some(labels.watched).filter(|watched| !watched.is_empty()),
        face_count: Some(faces.face_data.len()),
        face_data: Some(faces.face_data),
        text_line_count: Some(text.text_lines.len()),
        text_lines: Some(text.text_lines),
        moderation_verdict: Some(moderation.verdict),
        moderation_flags: Some(moderation.moderation_flags),
        analyses: Analyses {
            labels: Some(labels.outcome),
            faces: Some(faces.outcome),
            text: Some(text.outcome),
            moderation: Some(moderation.outcome),
        },
        version_id: image.version_id,
        format: Some(image.format),
        width: Some(image.width),
        height: Some(image.height),
        content_sha256: Some(image.content_sha256),
        processed_key: Some(final_key(&image.processed_key)),
        thumbnail_key: Some(final_key(&image.thumbnail_key)),
        large_thumbnail_key: image.large_thumbnail_key.as_deref().map(final_key),
        thumbhash: image.thumbhash,
        exif: Some(image.exif),
        latitude: gps.map(|gps| gps.latitude),
        longitude: gps.map(|gps| gps.longitude),
        warnings: Some(image.warnings),
        finished_at: Some(now),
        expires_at: expires_at(now, retention_days),
        review_claimed_by: None,
        review_claimed_until: None,
        ..claimed
    };
    Record { detection_summary: Some(summary(&merged)), ..merged }
}
