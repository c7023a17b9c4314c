//! The cost of an image: its Rekognition calls and state transitions, at list price.
//!
//! Both are computed from the record, so metrics and trends agree without any extra call. The numbers follow the path through
//! `statemachine/image-analysis.asl.json`, and a test compares them with the state machine. Retries, duplicates and redrives enter a few
//! more states, but no call is paid for twice.

use crate::model::{
    analysis::Outcome,
    findings::Verdict,
    record::{Analyses, ImageOutcome, Record},
    review::ReviewStatus,
};

/// Price of a Rekognition call in millionths of a dollar: 0.001 dollars (list price in us-east-1, up to a million calls a month).
pub const MICRODOLLARS_PER_CALL: u32 = 1_000;

/// Price of a state transition in millionths of a dollar: 0.025 dollars per 1,000 (list price in us-east-1, Standard workflows).
pub const MICRODOLLARS_PER_STATE: u32 = 25;

/// States that every analysed image enters: `InspectImage`, `AnalyzeImage`, `DetectLabels`, `FollowUps`, `PersonFound` and its next state,
/// `TextFound` and its next state, `ModerateImage`, `AlertNeeded`, `StoreRecord`.
const ANALYSED: u32 = 11;

/// `SendAlert`, `ReviewNeeded`.
const ALERT: u32 = 2;

/// `AwaitReview`.
const REVIEW: u32 = 1;

/// `ReviewExpired`.
const EXPIRED: u32 = 1;

/// `InspectImage`, `RecordRejection`, `ImageRejected`.
const REJECTED: u32 = 3;

/// `AnalyzeImage`, `DetectLabels`, `ModerateImage`: the states up to the first analyses, which can refuse the image.
const FIRST_ANALYSES: u32 = 3;

/// `FollowUps`, `PersonFound`, `TextFound` and the next state of both: the states up to the follow-up analyses, which can refuse it too.
const FOLLOW_UPS: u32 = 5;

/// The cost of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Rekognition calls; refused calls are not charged.
    pub calls: u32,
    /// State transitions.
    pub states: u32,
}

impl Cost {
    /// The cost of the image of `record`; zero while it has no outcome.
    ///
    /// If Rekognition refused the image or its execution failed, the record does not show how far the parallel branches came, so this is the
    /// minimum. The record of a COMPLETED image has everything, also after a redrive.
    pub fn of(record: &Record) -> Self {
        match ImageOutcome::of(record) {
            None => Self::default(),
            Some(ImageOutcome::Completed | ImageOutcome::Withheld) => {
                Self { calls: calls(&record.analyses), states: analysed_states(record) }
            }
            Some(ImageOutcome::Rejected) => rejected(record),
            Some(ImageOutcome::Failed) => Self { calls: calls(&record.analyses), states: 1 },
        }
    }

    /// The minimum cost of an analysed image: labels and moderation.
    pub const LEAST: Self = Self { calls: 2, states: ANALYSED };
    /// The maximum cost: also faces and text, an alert, and a review that expires.
    pub const MOST: Self = Self { calls: 4, states: ANALYSED + ALERT + REVIEW + EXPIRED };

    /// The price of calls and states in millionths of a dollar. Lambda, DynamoDB, S3 and logs are not included: about 4 % more (docs/cost.md).
    pub const fn microdollars(self) -> u32 {
        self.calls.saturating_mul(MICRODOLLARS_PER_CALL).saturating_add(self.states.saturating_mul(MICRODOLLARS_PER_STATE))
    }
}

/// The number of analyses that Rekognition answered.
fn calls(analyses: &Analyses) -> u32 {
    let outcomes = [&analyses.labels, &analyses.moderation, &analyses.faces, &analyses.text];
    outcomes.into_iter().map(|outcome| u32::from(matches!(outcome, Some(Outcome::Done { .. })))).sum()
}

/// States of an analysed image, by the conditions of the states `AlertNeeded` and `ReviewNeeded`.
fn analysed_states(record: &Record) -> u32 {
    let verdict = record.moderation_verdict.unwrap_or(Verdict::Clear);
    let watched = record.watched_labels.as_ref().is_some_and(|watched| !watched.is_empty());
    let alert = verdict != Verdict::Clear || watched;
    let review = verdict == Verdict::Review;
    ANALYSED
        + if alert { ALERT } else { 0 }
        + if review { REVIEW } else { 0 }
        + if review && record.review_status == ReviewStatus::Expired { EXPIRED } else { 0 }
}

/// The cost of a rejected image. If Rekognition refused it, `record-rejection` has stored which analysis failed.
fn rejected(record: &Record) -> Cost {
    let failed = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Failed { .. }));
    let Analyses { labels, faces, text, moderation } = &record.analyses;
    if failed(faces) || failed(text) {
        // Labels and moderation were answered before the follow-up analysis failed.
        return Cost { calls: 2, states: REJECTED + FIRST_ANALYSES + FOLLOW_UPS };
    }
    if failed(labels) || failed(moderation) {
        return Cost { calls: 1, states: REJECTED + FIRST_ANALYSES };
    }
    Cost { calls: 0, states: REJECTED }
}
