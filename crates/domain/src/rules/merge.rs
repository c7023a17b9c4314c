//! Everything that the branches found, merged into the final record.

use crate::model::{
    clock::EpochMillis,
    findings::{FacesFound, LabelsFound, Moderated, Scored, TextFound},
    image::ImageRef,
    layout,
    record::{Analyses, ProcessingStatus, Record, SUMMARY_LABELS, expires_at, withheld},
    review::{ReviewOutcome, ReviewStatus},
};
use serde::Deserialize;

/// What the state machine hands to store-record.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Findings {
    /// The image.
    pub image: ImageRef,
    /// Its labels.
    pub labels: LabelsFound,
    /// Its faces, or why not.
    pub faces: FacesFound,
    /// Its text, or why not.
    pub text: TextFound,
    /// Its moderation.
    pub moderation: Moderated,
    /// How the review ended, where there was one.
    #[serde(default)]
    pub review: Option<ReviewOutcome>,
}

/// The final record: `claimed` (the record as the execution claimed it), completed by `findings`.
///
/// A decision that reviewers saved in time stands, even where Step Functions was told of none.
/// `retention_days` = 0 keeps the record for ever.
pub fn merge(claimed: Record, findings: Findings, now: EpochMillis, retention_days: u32) -> Record {
    let Findings { image, labels, faces, text, moderation, review } = findings;
    let review = if matches!(claimed.review_status, ReviewStatus::Approved | ReviewStatus::Rejected) {
        ReviewOutcome {
            status: claimed.review_status,
            reviewed_by: claimed.reviewed_by.clone(),
            reviewed_at: claimed.reviewed_at,
            review_reason: claimed.review_reason.clone(),
        }
    } else {
        review.unwrap_or(ReviewOutcome { status: ReviewStatus::None, reviewed_by: None, reviewed_at: None, review_reason: None })
    };
    let kept = if withheld(Some(moderation.verdict), review.status) { layout::withheld } else { str::to_owned };
    let summary = labels.labels.iter().take(SUMMARY_LABELS);
    Record {
        processing_status: ProcessingStatus::Completed,
        status_reason: None,
        status_detail: None,
        review_status: review.status,
        reviewed_by: review.reviewed_by,
        reviewed_at: review.reviewed_at,
        review_reason: review.review_reason,
        work_queue: None,
        detection_summary: Some(summary.map(|label| Scored { name: label.name.clone(), confidence: label.confidence }).collect()),
        labels: Some(labels.labels),
        watched_labels: Some(labels.watched).filter(|watched| !watched.is_empty()),
        face_data: Some(faces.face_data),
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
        processed_key: Some(kept(&image.processed_key)),
        thumbnail_key: Some(kept(&image.thumbnail_key)),
        exif: Some(image.exif),
        warnings: Some(image.warnings),
        finished_at: Some(now),
        expires_at: expires_at(now, retention_days),
        ..claimed
    }
}
