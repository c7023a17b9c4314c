//! Nudity, in the words of Rekognition's moderation taxonomy.

pub(crate) mod classify;
mod taxonomy;

use serde::Serialize;

/// What the two models say, and what that is called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moderation {
    /// The raw scores.
    pub scores: ModerationScores,
    /// All levels of all flags, however unlikely, the likeliest first; the caller filters by its minimum.
    pub labels: Vec<ModerationLabel>,
}

/// Raw class scores, 0–1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ModerationScores {
    /// `open_nsfw`: not safe for work.
    pub open_nsfw: f32,
    /// nsfwjs: a harmless drawing.
    pub drawing: f32,
    /// nsfwjs: a pornographic drawing.
    pub hentai: f32,
    /// nsfwjs: a harmless photo.
    pub neutral: f32,
    /// nsfwjs: a pornographic photo.
    pub porn: f32,
    /// nsfwjs: a revealing photo, not pornographic.
    pub sexy: f32,
}

/// One level of a flag, in the names of Rekognition's moderation taxonomy (version 7).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModerationLabel {
    /// e.g. `Explicit Nudity`.
    pub name: &'static str,
    /// The name one level up; empty at level 1, as Rekognition sends it.
    pub parent_name: &'static str,
    /// 1–3.
    pub taxonomy_level: u8,
    /// 0–100.
    pub confidence: f32,
}
