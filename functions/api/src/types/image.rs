//! Images.

use super::{Box, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The processing status of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Being analysed, or waiting for a review.
    Pending,
    /// Analysed.
    Completed,
    /// Rejected, or its execution failed.
    Failed,
}

/// The review status of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReviewState {
    /// No review was requested.
    None,
    /// Waiting for a decision.
    Pending,
    /// Approved by a reviewer.
    Approved,
    /// Rejected by a reviewer: withheld.
    Rejected,
    /// No decision in time: withheld.
    Expired,
}

/// The verdict of the moderation policy, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The policy acts on no flag.
    Clear,
    /// An alert was sent.
    Alert,
    /// A reviewer decides.
    Review,
    /// Withheld.
    Block,
}

/// Who gave a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Source {
    /// Rekognition.
    Rekognition,
    /// The owner.
    Own,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// Name, in lower case.
    #[schema(example = "car")]
    pub name: String,
    /// Percent; 100 for a label of the owner.
    #[schema(example = 98.4)]
    pub confidence: f64,
    /// Who gave it.
    pub source: Source,
}

/// Where a matching term comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TermKind {
    /// The name of a label.
    Label,
    /// Another name of a label.
    Alias,
    /// A broader label.
    Parent,
    /// Text in the image.
    Text,
    /// The file name.
    Name,
    /// A label of the owner.
    Own,
    /// The title.
    Title,
}

/// Why an image was found: one match for each term.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The term, folded.
    #[schema(example = "vehicl")]
    pub term: String,
    /// Where it comes from.
    pub kind: TermKind,
    /// The label, for a term of a label; otherwise the same as `found`.
    #[schema(example = "car")]
    pub label: String,
    /// The name or word that contains the term.
    #[schema(example = "vehicle")]
    pub found: String,
    /// Percent.
    #[schema(example = 98.4)]
    pub confidence: f64,
}

/// A position on earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Degrees north.
    #[schema(example = 47.37)]
    pub latitude: f64,
    /// Degrees east.
    #[schema(example = 8.54)]
    pub longitude: f64,
}

/// An image in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageSummary {
    /// The image.
    #[schema(example = "5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10")]
    pub image_id: String,
    /// The name of the file.
    #[schema(example = "beach.jpg")]
    pub name: Option<String>,
    /// The owner's title.
    pub title: Option<String>,
    /// When it was uploaded.
    pub uploaded_at: Time,
    /// Its status.
    pub status: Status,
    /// Why it is FAILED: a reason code, or the name of the error that ended its execution.
    #[schema(example = "TOO_SMALL")]
    pub status_reason: Option<String>,
    /// Its review status.
    pub review_status: ReviewState,
    /// The verdict of the moderation policy; null until it is known.
    pub verdict: Option<Verdict>,
    /// Whether the image must not be shown. It then has no links to pictures.
    pub withheld: bool,
    /// Upright width, px.
    #[schema(example = 4032)]
    pub width: Option<u32>,
    /// Upright height, px.
    #[schema(example = 3024)]
    pub height: Option<u32>,
    /// Base64 of its thumbhash, a blurred placeholder of about 21 bytes.
    pub thumbhash: Option<String>,
    /// The most confident labels.
    pub top_labels: Vec<Label>,
    /// Number of faces.
    pub face_count: u32,
    /// Number of lines of text.
    pub text_line_count: u32,
    /// Where it was taken, if the deployment stores positions.
    pub position: Option<Position>,
    /// Signed path of the thumbnail of 320 px.
    #[schema(example = "/media/processed/5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10/thumbnail.jpg?e=1795651200&s=…")]
    pub thumbnail: Option<String>,
    /// Signed path of the thumbnail of 640 px.
    pub thumbnail_large: Option<String>,
    /// Why it was found; empty without a search.
    pub why: Vec<Why>,
}

/// A page of images.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImagePage {
    /// Newest first. A page may have fewer images than `limit`, or none, although more pages follow.
    pub images: Vec<ImageSummary>,
    /// The cursor of the next page; null on the last page.
    pub next: Option<String>,
    /// If a search found nothing: the nearest terms that the caller's images have.
    #[schema(example = json!(["car"]))]
    pub nearest: Vec<String>,
}

/// An instance of a label in the image.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Instance {
    /// Its position.
    pub r#box: Box,
}

/// A label with everything that the record keeps about it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FullLabel {
    /// Name, in lower case.
    #[schema(example = "car")]
    pub name: String,
    /// Percent; 100 for a label of the owner.
    #[schema(example = 98.4)]
    pub confidence: f64,
    /// Who gave it.
    pub source: Source,
    /// Broader labels.
    pub parents: Vec<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// Instances, if the label can be counted.
    pub instances: Vec<Instance>,
}

/// A name with its confidence.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Scored {
    /// The name.
    pub name: String,
    /// Percent.
    pub confidence: f64,
}

/// An estimated age in years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgeRange {
    /// Lower bound.
    pub low: i32,
    /// Upper bound.
    pub high: i32,
}

/// The direction of a face, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Pose {
    /// Tilt of the head.
    pub roll: f64,
    /// Left or right.
    pub yaw: f64,
    /// Up or down.
    pub pitch: f64,
}

/// The image quality of a face, each value 0–100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Quality {
    /// Brightness.
    pub brightness: f64,
    /// Sharpness.
    pub sharpness: f64,
}

/// A face. Age, gender and emotions are estimates from the appearance, not facts about a person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Face {
    /// Its position.
    pub r#box: Box,
    /// Confidence that this is a face, percent.
    pub confidence: f64,
    /// Estimated age.
    pub age_range: Option<AgeRange>,
    /// Estimated gender: `Female` or `Male`.
    pub gender: Option<Scored>,
    /// The most confident emotions.
    pub emotions: Vec<Scored>,
    /// Attributes such as `Smile` or `Eyeglasses`.
    pub attributes: Vec<Scored>,
    /// Its direction.
    pub pose: Option<Pose>,
    /// Its image quality.
    pub quality: Option<Quality>,
}

/// A line of text in the image.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// Percent.
    pub confidence: f64,
    /// Its position.
    pub r#box: Box,
}

/// What the moderation policy does about a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PolicyAction {
    /// Send an alert.
    Alert,
    /// Send an alert, and wait for a reviewer.
    Review,
    /// Send an alert, and withhold the image.
    Block,
}

/// A moderation flag.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flag {
    /// Name in Rekognition's taxonomy.
    #[schema(example = "Weapons")]
    pub name: String,
    /// The flag above it; null at level 1.
    #[schema(example = "Violence")]
    pub parent: Option<String>,
    /// Level, 1 to 3.
    pub level: i32,
    /// Percent.
    pub confidence: f64,
    /// What the policy does about it; null if no rule matches.
    pub action: Option<PolicyAction>,
}

/// The name of an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnalysisName {
    /// `DetectLabels`.
    Labels,
    /// `DetectFaces`.
    Faces,
    /// `DetectText`.
    Text,
    /// `DetectModerationLabels`.
    Moderation,
}

/// The outcome of an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AnalysisOutcome {
    /// It has not run yet.
    Pending,
    /// Rekognition answered.
    Done,
    /// It was not needed.
    Skipped,
    /// Rekognition refused the image.
    Failed,
}

/// An analysis of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisReport {
    /// Which one.
    pub name: AnalysisName,
    /// Its outcome.
    pub outcome: AnalysisOutcome,
    /// Why it was skipped or failed, in one sentence.
    pub reason: Option<String>,
}

/// Facts from EXIF; none of them is verified.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exif {
    /// Local time, `YYYY-MM-DDThh:mm:ss`, with the UTC offset if the file has one.
    pub taken_at: Option<String>,
    /// Make and model.
    pub camera: Option<String>,
    /// Where it was taken, if the deployment stores positions.
    pub position: Option<Position>,
}

/// The review of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// Its status.
    pub status: ReviewState,
    /// The reviewer who decided: a `sub`, or a name if the command line was used.
    pub by: Option<String>,
    /// When.
    pub at: Option<Time>,
    /// The reviewer's reason.
    pub reason: Option<String>,
    /// When it was requested.
    pub requested_at: Option<Time>,
    /// The last moment at which a decision is accepted.
    pub deadline: Option<Time>,
    /// The reviewer who has claimed it: a `sub`.
    pub claimed_by: Option<String>,
    /// When the claim ends.
    pub claimed_until: Option<Time>,
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
}

/// An image with everything that its record has.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The facts that lists show.
    #[serde(flatten)]
    pub summary: ImageSummary,
    /// `statusReason` as a sentence.
    pub status_detail: Option<String>,
    /// The labels as they are shown: Rekognition's without the removed ones, and the owner's.
    pub labels: Vec<FullLabel>,
    /// Rekognition's labels that the owner has removed.
    pub removed_labels: Vec<String>,
    /// The owner's labels.
    pub own_labels: Vec<String>,
    /// The faces, largest first.
    pub faces: Vec<Face>,
    /// The lines of text, in reading order.
    pub text_lines: Vec<TextLine>,
    /// The moderation flags.
    pub flags: Vec<Flag>,
    /// The four analyses.
    pub analyses: Vec<AnalysisReport>,
    /// Facts from EXIF.
    pub exif: Option<Exif>,
    /// Problems that did not prevent the analysis, one sentence each.
    pub warnings: Vec<String>,
    /// Its review.
    pub review: Review,
    /// Format by content.
    pub format: Option<Format>,
    /// Bytes of the original.
    pub size: u64,
    /// Hex SHA-256 of the original.
    pub sha256: Option<String>,
    /// Name of its execution; null unless the caller is an operator.
    pub execution: Option<String>,
    /// Signed path of the copy of at most 2048 px; null if it is withheld.
    pub copy: Option<String>,
    /// Presigned URL of the original, as a download, valid for five minutes; null if it is withheld or not the caller's.
    pub original: Option<String>,
    /// Number of executions that have claimed it.
    pub attempts: u32,
    /// When it became COMPLETED or FAILED.
    pub finished_at: Option<Time>,
    /// Version of the owner's changes; [`Edit`] names the version that it changes.
    pub edits: u32,
}

/// Changes of an owner. Absent fields change nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// The version of the image that the caller has seen: `edits`. If the image was changed since, the answer is 409.
    pub edits: u32,
    /// A new title; an empty one removes it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// Labels to add.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub add_labels: Vec<String>,
    /// The owner's labels to remove.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub drop_labels: Vec<String>,
    /// Rekognition's labels to remove.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub remove_labels: Vec<String>,
    /// Rekognition's labels to show again.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub restore_labels: Vec<String>,
}

/// A month with images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Month {
    /// Month of the upload in UTC.
    #[schema(example = "2026-11")]
    pub month: String,
    /// Number of images.
    pub count: u64,
}

/// The caller's images by month of upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Months {
    /// Newest first; months without images are omitted.
    pub months: Vec<Month>,
}
