//! What an image costs: its Rekognition calls and the states that its execution enters, at list price.
//!
//! Both are derived from the record, so that whoever counts (metrics, trends) comes to the same figures without asking anybody. They
//! speak of the path through `statemachine/image-analysis.asl.json`; retries, duplicates and redrives enter a few states more, and pay for
//! no call again. A test runs the state machine and compares.

use crate::model::{
    analysis::Outcome,
    findings::Verdict,
    record::{Analyses, ImageOutcome, Record},
    review::ReviewStatus,
};

/// Millionths of a dollar for an image call of Rekognition: 0.001 dollars (list price of us-east-1, up to a million a month).
pub const MICRODOLLARS_PER_CALL: u32 = 1_000;

/// Millionths of a dollar for a state entered: 0.025 dollars per 1,000 (list price of us-east-1, Standard workflows).
pub const MICRODOLLARS_PER_STATE: u32 = 25;

/// What every analysed image enters: `InspectImage`, `AnalyzeImage`, `DetectLabels`, `FollowUps`, `PersonFound` and what it leads to,
/// `TextFound` and what it leads to, `ModerateImage`, `AlertNeeded`, `StoreRecord`.
const ANALYSED: u32 = 11;

/// `SendAlert`, `ReviewNeeded`.
const CONCERN: u32 = 2;

/// `AwaitReview`.
const REVIEW: u32 = 1;

/// `ReviewExpired`.
const EXPIRED: u32 = 1;

/// `InspectImage`, `RecordRejection`, `ImageRejected`.
const REJECTED: u32 = 3;

/// `AnalyzeImage`, `DetectLabels`, `ModerateImage`: before Rekognition can refuse an image.
const REFUSED_AT_ONCE: u32 = 3;

/// `FollowUps`, `PersonFound`, `TextFound` and what both lead to: before it can refuse to look closer.
const REFUSED_LATER: u32 = 5;

/// What an image costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Rekognition calls that were answered.
    pub calls: u32,
    /// States entered.
    pub states: u32,
}

impl Cost {
    /// What the image of `record` has cost: nothing yet while it has no outcome.
    ///
    /// Where the image was refused or its execution failed, the record does not say how far the other branches came, so the cost is the
    /// least that it can have been. Once the image is COMPLETED, after a redrive, it is all there.
    pub fn of(record: &Record) -> Self {
        match ImageOutcome::of(record) {
            None => Self::default(),
            Some(ImageOutcome::Completed | ImageOutcome::Withheld) => Self { calls: done(&record.analyses), states: analysed(record) },
            Some(ImageOutcome::Rejected) => rejected(record),
            Some(ImageOutcome::Failed) => Self { calls: done(&record.analyses), states: 1 },
        }
    }

    /// The least that an image costs which is analysed: labels and moderation.
    pub const LEAST: Self = Self { calls: 2, states: ANALYSED };
    /// The most: faces and text beside them, an alert, and a review that nobody answers.
    pub const MOST: Self = Self { calls: 4, states: ANALYSED + CONCERN + REVIEW + EXPIRED };

    /// Millionths of a dollar: calls and states. Lambda, `DynamoDB`, S3 and logs, 4 % more by docs/cost.md, are not in it.
    pub const fn microdollars(self) -> u32 {
        self.calls.saturating_mul(MICRODOLLARS_PER_CALL).saturating_add(self.states.saturating_mul(MICRODOLLARS_PER_STATE))
    }
}

/// Analyses that were answered: labels, moderation, and faces and text where they were looked for.
fn done(analyses: &Analyses) -> u32 {
    let outcomes = [&analyses.labels, &analyses.moderation, &analyses.faces, &analyses.text];
    outcomes.into_iter().map(|outcome| u32::from(matches!(outcome, Some(Outcome::Done { .. })))).sum()
}

/// The conditions are those of the states `AlertNeeded` and `ReviewNeeded`.
fn analysed(record: &Record) -> u32 {
    let verdict = record.moderation_verdict.unwrap_or(Verdict::Clear);
    let watched = record.watched_labels.as_ref().is_some_and(|watched| !watched.is_empty());
    let concern = verdict != Verdict::Clear || watched;
    let review = verdict == Verdict::Review;
    ANALYSED
        + if concern { CONCERN } else { 0 }
        + if review { REVIEW } else { 0 }
        + if review && record.review_status == ReviewStatus::Expired { EXPIRED } else { 0 }
}

/// A call that is refused is not paid for. The record names the analysis that was refused, see `record-rejection`.
fn rejected(record: &Record) -> Cost {
    let failed = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Failed { .. }));
    let Analyses { labels, faces, text, moderation } = &record.analyses;
    if failed(faces) || failed(text) {
        // Labels led there; moderation runs beside them.
        return Cost { calls: 2, states: REJECTED + REFUSED_AT_ONCE + REFUSED_LATER };
    }
    if failed(labels) || failed(moderation) {
        return Cost { calls: 1, states: REJECTED + REFUSED_AT_ONCE };
    }
    Cost { calls: 0, states: REJECTED }
}
