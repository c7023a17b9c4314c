//! Turns records into responses.

use crate::{
    deployment::{Api, Deployment},
    media::MediaLinks,
    types::{
        Box, Time,
        erase::{LateWriteState, Receipt},
        image::{
            AgeRange, AnalysisName, AnalysisOutcome, AnalysisReport, Exif, Face, Flag, Format, FullLabel, Image, ImageSummary, Instance,
            Label, PolicyAction, Pose, Position, Quality, Review, ReviewState, Scored, Source, Status, TermKind, TextLine, Verdict, Why,
        },
    },
};
use sightline_domain::{
    flows::{erase, search::Match},
    model::{
        analysis::{Analysis, Outcome},
        clock::{Clock, EpochMillis},
        execution::execution_name,
        findings,
        image::{BoundingBox, ExifFacts, GeoPoint, ImageFormat},
        record::{ProcessingStatus, Record},
        review::ReviewStatus,
    },
    ports::{GalleryImage, Stopped},
    rules::{
        label_index,
        overlay::{LabelSource, ShownLabel, shown_labels},
    },
};

/// The status; `None` if the image is erased, so that it is not shown.
pub fn status(status: ProcessingStatus) -> Option<Status> {
    match status {
        ProcessingStatus::Pending => Some(Status::Pending),
        ProcessingStatus::Completed => Some(Status::Completed),
        ProcessingStatus::Failed => Some(Status::Failed),
        ProcessingStatus::Erased => None,
    }
}

impl From<Status> for ProcessingStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
        }
    }
}

impl From<ReviewStatus> for ReviewState {
    fn from(status: ReviewStatus) -> Self {
        match status {
            ReviewStatus::None => Self::None,
            ReviewStatus::Pending => Self::Pending,
            ReviewStatus::Approved => Self::Approved,
            ReviewStatus::Rejected => Self::Rejected,
            ReviewStatus::Expired => Self::Expired,
        }
    }
}

impl From<findings::Verdict> for Verdict {
    fn from(verdict: findings::Verdict) -> Self {
        match verdict {
            findings::Verdict::Clear => Self::Clear,
            findings::Verdict::Alert => Self::Alert,
            findings::Verdict::Review => Self::Review,
            findings::Verdict::Block => Self::Block,
        }
    }
}

impl From<BoundingBox> for Box {
    fn from(BoundingBox { left, top, width, height }: BoundingBox) -> Self {
        Self { left, top, width, height }
    }
}

impl From<&findings::Scored> for Scored {
    fn from(scored: &findings::Scored) -> Self {
        Self { name: scored.name.clone(), confidence: scored.confidence }
    }
}

impl From<LabelSource> for Source {
    fn from(source: LabelSource) -> Self {
        match source {
            LabelSource::Rekognition => Self::Rekognition,
            LabelSource::Own => Self::Own,
        }
    }
}

impl From<label_index::TermKind> for TermKind {
    fn from(kind: label_index::TermKind) -> Self {
        match kind {
            label_index::TermKind::Own => Self::Own,
            label_index::TermKind::Label => Self::Label,
            label_index::TermKind::Title => Self::Title,
            label_index::TermKind::Name => Self::Name,
            label_index::TermKind::Alias => Self::Alias,
            label_index::TermKind::Parent => Self::Parent,
            label_index::TermKind::Text => Self::Text,
        }
    }
}

impl From<Match> for Why {
    fn from(Match { term, term_kind, label, found, confidence }: Match) -> Self {
        Self { term, kind: term_kind.into(), label, found, confidence }
    }
}

impl From<findings::PolicyAction> for PolicyAction {
    fn from(action: findings::PolicyAction) -> Self {
        match action {
            findings::PolicyAction::Alert => Self::Alert,
            findings::PolicyAction::Review => Self::Review,
            findings::PolicyAction::Block => Self::Block,
        }
    }
}

/// The flags of a record.
pub fn flags(record: &Record) -> Vec<Flag> {
    let flag = |flag: &findings::Flag| Flag {
        name: flag.name.clone(),
        parent: Some(flag.parent_name.clone()).filter(|parent| !parent.is_empty()),
        level: flag.taxonomy_level,
        confidence: flag.confidence,
        action: flag.action.map(PolicyAction::from),
    };
    record.moderation_flags.iter().flatten().map(flag).collect()
}

/// An image in a list; `None` if it is erased.
pub fn summary(image: GalleryImage, why: Vec<Why>, links: &MediaLinks, now: EpochMillis) -> Option<ImageSummary> {
    let withheld = image.is_withheld();
    let link = |key: Option<&String>| key.filter(|_| !withheld).and_then(|key| links.link(key, now));
    let (thumbnail, thumbnail_large) = (link(image.thumbnail_key.as_ref()), link(image.large_thumbnail_key.as_ref()));
    let label = |scored: findings::Scored| Label {
        source: if image.own_labels.contains(&scored.name) { Source::Own } else { Source::Rekognition },
        name: scored.name,
        confidence: scored.confidence,
    };
    Some(ImageSummary {
        status: status(image.processing_status)?,
        image_id: image.image_id,
        name: image.image_name,
        title: image.title,
        uploaded_at: Time(image.upload_timestamp),
        status_reason: image.status_reason,
        review_status: image.review_status.into(),
        verdict: image.moderation_verdict.map(Verdict::from),
        withheld,
        width: image.width,
        height: image.height,
        // A thumbhash is a blurred picture.
        thumbhash: image.thumbhash.filter(|_| !withheld),
        top_labels: image.detection_summary.into_iter().map(label).collect(),
        face_count: count(image.face_count),
        text_line_count: count(image.text_line_count),
        position: image.latitude.zip(image.longitude).map(|(latitude, longitude)| Position { latitude, longitude }),
        thumbnail,
        thumbnail_large,
        why,
    })
}

fn count(number: Option<usize>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

/// What a caller may see of an image beside its findings.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Presigned URL of the original.
    pub original: Option<String>,
    /// Whether the execution is shown.
    pub is_operator: bool,
}

/// An image with everything that its record has; `None` if it is erased.
pub fn image(record: &Record, access: Access, links: &MediaLinks, now: EpochMillis) -> Option<Image> {
    let is_withheld = record.is_withheld();
    Some(Image {
        summary: summary(GalleryImage::from(record), Vec::new(), links, now)?,
        status_detail: record.status_detail.clone(),
        labels: shown_labels(record).into_iter().map(full_label).collect(),
        removed_labels: record.removed_labels.clone(),
        own_labels: record.own_labels.clone(),
        faces: record.face_data.iter().flatten().map(face).collect(),
        text_lines: record.text_lines.iter().flatten().map(text_line).collect(),
        flags: flags(record),
        analyses: analyses(record),
        exif: record.exif.as_ref().and_then(exif),
        warnings: record.warnings.clone().unwrap_or_default(),
        review: review(record, now),
        format: record.format.map(format),
        size: record.size,
        sha256: record.content_sha256.clone(),
        execution: Some(execution_name(&record.execution_arn).to_owned()).filter(|name| access.is_operator && !name.is_empty()),
        copy: record.processed_key.as_deref().filter(|_| !is_withheld).and_then(|key| links.link(key, now)),
        original: access.original.filter(|_| !is_withheld),
        attempts: record.attempts,
        finished_at: record.finished_at.map(Time),
        edits: record.edits,
    })
}

fn full_label(ShownLabel { label, source }: ShownLabel) -> FullLabel {
    FullLabel {
        source: source.into(),
        name: label.name,
        confidence: label.confidence,
        parents: label.parents,
        aliases: label.aliases,
        categories: label.categories,
        instances: label.boxes.into_iter().map(|r#box| Instance { r#box: r#box.into() }).collect(),
    }
}

fn face(face: &findings::Face) -> Face {
    Face {
        r#box: face.r#box.into(),
        confidence: face.confidence,
        age_range: face.age_range.map(|age| AgeRange { low: age.low, high: age.high }),
        gender: face.gender.as_ref().map(|gender| Scored { name: gender.value.clone(), confidence: gender.confidence }),
        emotions: face.emotions.iter().map(Scored::from).collect(),
        attributes: face.attributes.iter().map(Scored::from).collect(),
        pose: face.pose.map(|pose| Pose { roll: pose.roll, yaw: pose.yaw, pitch: pose.pitch }),
        quality: face.quality.map(|quality| Quality { brightness: quality.brightness, sharpness: quality.sharpness }),
    }
}

fn text_line(line: &findings::TextLine) -> TextLine {
    TextLine { text: line.text.clone(), confidence: line.confidence, r#box: line.r#box.into() }
}

fn analyses(record: &Record) -> Vec<AnalysisReport> {
    let report = |analysis: &Analysis| {
        let outcomes = &record.analyses;
        let (name, outcome) = match analysis {
            Analysis::Labels => (AnalysisName::Labels, &outcomes.labels),
            Analysis::Faces => (AnalysisName::Faces, &outcomes.faces),
            Analysis::Text => (AnalysisName::Text, &outcomes.text),
            Analysis::Moderation => (AnalysisName::Moderation, &outcomes.moderation),
        };
        let (outcome, reason) = match outcome {
            None => (AnalysisOutcome::Pending, None),
            Some(Outcome::Done { .. }) => (AnalysisOutcome::Done, None),
            Some(Outcome::Skipped { reason }) => (AnalysisOutcome::Skipped, Some(reason.clone())),
            Some(Outcome::Failed { reason }) => (AnalysisOutcome::Failed, Some(reason.clone())),
        };
        AnalysisReport { name, outcome, reason }
    };
    Analysis::ALL.iter().map(report).collect()
}

impl From<AnalysisName> for Analysis {
    fn from(name: AnalysisName) -> Self {
        match name {
            AnalysisName::Labels => Self::Labels,
            AnalysisName::Faces => Self::Faces,
            AnalysisName::Text => Self::Text,
            AnalysisName::Moderation => Self::Moderation,
        }
    }
}

fn exif(facts: &ExifFacts) -> Option<Exif> {
    let position = |GeoPoint { latitude, longitude }| Position { latitude, longitude };
    let exif = Exif { taken_at: facts.taken_at.clone(), camera: facts.camera.clone(), position: facts.gps.map(position) };
    (exif.taken_at.is_some() || exif.camera.is_some() || exif.position.is_some()).then_some(exif)
}

fn format(format: ImageFormat) -> Format {
    match format {
        ImageFormat::Jpeg => Format::Jpeg,
        ImageFormat::Png => Format::Png,
        ImageFormat::WebP => Format::WebP,
    }
}

/// The review of a record.
pub fn review(record: &Record, now: EpochMillis) -> Review {
    let (claimed_by, claimed_until) = claim(record, now);
    Review {
        status: record.review_status.into(),
        by: record.reviewed_by.clone(),
        at: record.reviewed_at.map(Time),
        reason: record.review_reason.clone(),
        requested_at: record.review_requested_at.map(Time),
        deadline: record.review_deadline.map(Time),
        claimed_by,
        claimed_until,
    }
}

/// Who has claimed the review until when, if the claim has not ended.
pub fn claim(record: &Record, now: EpochMillis) -> (Option<String>, Option<Time>) {
    let until = record.review_claimed_until.filter(|until| *until > now);
    (record.review_claimed_by.clone().filter(|_| until.is_some()), until.map(Time))
}

impl From<erase::Receipt> for Receipt {
    fn from(receipt: erase::Receipt) -> Self {
        let (late_writes, look_again_at) = match receipt.late_writes {
            None => (None, None),
            Some(erase::LateWrites::None) => (Some(LateWriteState::None), None),
            Some(erase::LateWrites::Possible { look_again_at }) => (Some(LateWriteState::Possible), Some(Time(look_again_at))),
            Some(erase::LateWrites::Unfinished) => (Some(LateWriteState::Unfinished), None),
            Some(erase::LateWrites::InUse) => (Some(LateWriteState::InUse), None),
        };
        Self {
            image_id: receipt.image_id,
            erased_before: receipt.erased_before.map(Time),
            erased_at: receipt.erased_at.map(Time),
            originals: receipt.originals,
            copies: receipt.derived.copies,
            results: receipt.derived.results,
            archived: receipt.derived.archived,
            label_rows: receipt.label_rows,
            records: receipt.records,
            review: receipt.review,
            trends: receipt.trends,
            execution_stopped: receipt.execution.map(|stopped| stopped == Stopped::Stopped),
            late_writes,
            look_again_at,
        }
    }
}

impl<D: Deployment> Api<D> {
    /// An image of a gallery in a list.
    pub fn summary(&self, image: GalleryImage, why: Vec<Why>) -> Option<ImageSummary> {
        summary(image, why, &self.links, self.clock.now())
    }
}
