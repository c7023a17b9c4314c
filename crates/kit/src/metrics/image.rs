//! What is counted of an image.

use super::{END_TO_END_SECONDS, IMAGES, Line, MICRODOLLARS, REKOGNITION_CALLS, STATES, seconds};
use sightline_domain::{
    cost::Cost,
    outcome::{ImageOutcome, end_to_end},
    record::Record,
};

/// The metrics of an image that has ended: its outcome, and of one that was analysed also its time and its cost. Nothing of one that has not.
///
/// A step that is tried again counts again: these are for graphs and alarms. The trends' counters are exact.
pub fn image(record: &Record) -> Line {
    let about = Line::default().about("image_id", Some(&record.image_id)).about("execution_arn", Some(&record.execution_arn));
    let Some(outcome) = ImageOutcome::of(record) else { return about };
    let line = about.with(IMAGES, 1).about("Outcome", Some(outcome.as_str()));
    if !matches!(outcome, ImageOutcome::Completed | ImageOutcome::Withheld) {
        return line;
    }
    let cost = Cost::of(record);
    let line = line.with(REKOGNITION_CALLS, cost.calls).with(STATES, cost.states).with(MICRODOLLARS, cost.microdollars());
    match end_to_end(record) {
        Some(millis) => line.with(END_TO_END_SECONDS, seconds(millis)),
        None => line,
    }
}
