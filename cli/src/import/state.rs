//! The state of each image of an import, from its record, and what the import will cost.

use super::gather::{Found, Gathered};
use crate::{
    error::CliError,
    output::{Facts, dollars, size},
    progress::Progress,
    session::Session,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sightline_domain::{
    flows::import::Lookup,
    model::{ImportStatus, Record},
    rules::cost::{Cost, MICRODOLLARS_PER_STATE},
};

/// Records read at once.
const READS_AT_ONCE: usize = 32;

/// The state of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportState {
    /// The id of its record, or the likeliest candidate.
    pub image_id: String,
    /// From its record, if there is one.
    pub status: Option<ImportStatus>,
    /// Why it was rejected or FAILED.
    pub reason: Option<String>,
    /// Whether an import would analyse it.
    pub is_due: bool,
}

/// Reads the states of `found`, in order.
pub async fn read_states<'a>(
    session: &Session,
    owner: &str,
    found: impl IntoIterator<Item = &'a Found>,
    progress: &Progress,
) -> Result<Vec<ImportState>, CliError> {
    let (records, images) = (session.tables(), session.s3());
    let lookup = &Lookup { records: &records, images: &images, bucket: &session.stack.images_bucket, owner_id: owner };
    let mut done = 0_usize;
    let states = stream::iter(found).map(|found| async move {
        let record = lookup.record(&found.object, found.size).await?;
        let likeliest = || lookup.ids(&found.object).into_iter().next().unwrap_or_default();
        Ok::<_, CliError>(
            record.map_or_else(|| ImportState { image_id: likeliest(), is_due: true, ..ImportState::default() }, ImportState::new),
        )
    });
    let counted = states.buffered(READS_AT_ONCE).inspect(|_| {
        done += 1;
        progress.update(done, &format!("{done} records read"));
    });
    counted.try_collect().await
}

impl ImportState {
    fn new(record: Record) -> Self {
        let (status, is_due) = (ImportStatus::of(&record), record.is_rerunnable());
        let reason = match status {
            ImportStatus::Rejected => record.status_reason,
            ImportStatus::Failed => Some([record.status_reason, record.status_detail].into_iter().flatten().collect::<Vec<_>>().join(": ")),
            ImportStatus::Completed | ImportStatus::Review | ImportStatus::Erased | ImportStatus::StillRunning => None,
        };
        Self { image_id: record.image_id, status: Some(status), reason, is_due }
    }

    /// Whether its analysis is in progress or has not started.
    pub fn is_open(&self) -> bool {
        self.status.is_none_or(|status| status == ImportStatus::StillRunning)
    }
}

/// The size and the cost of an import, before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Estimate {
    pub import: String,
    pub images: usize,
    pub bytes: u64,
    /// Images that are analysed or in progress.
    pub already_analyzed: usize,
    pub to_analyze: usize,
    /// Listed objects that do not exist or cannot be read.
    pub absent: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Millionths of a dollar: two Rekognition calls per image.
    pub microdollars_least: u64,
    /// Millionths of a dollar: four Rekognition calls per image, an alert and a review.
    pub microdollars_most: u64,
}

impl Estimate {
    pub fn new(import: String, gathered: &Gathered, states: &[ImportState]) -> Self {
        let to_analyze = states.iter().filter(|state| state.is_due).count();
        // Each image also enters one state of bulk-import.
        let for_all = |cost: Cost| u64::from(cost.microdollars() + MICRODOLLARS_PER_STATE) * to_analyze as u64;
        Self {
            import,
            images: gathered.found.len(),
            bytes: gathered.found.iter().map(|found| found.size).sum(),
            already_analyzed: states.len() - to_analyze,
            to_analyze,
            absent: gathered.absent.len(),
            left_out: gathered.left_out.sentence(),
            microdollars_least: for_all(Cost::LEAST),
            microdollars_most: for_all(Cost::MOST),
        }
    }

    /// `0.69 to 1.32 dollars`.
    pub fn range(&self) -> String {
        format!("{} to {} dollars", dollars(self.microdollars_least), dollars(self.microdollars_most))
    }

    pub fn facts(&self) -> String {
        let mut facts = Facts::default();
        facts.add("images", format!("{}, {}", self.images, size(self.bytes)));
        facts.add("already analysed", self.already_analyzed.to_string());
        facts.add("to analyse", self.to_analyze.to_string());
        facts.add_some("not readable", (self.absent > 0).then(|| self.absent.to_string()));
        facts.add_some("left out", self.left_out.clone());
        facts.add("cost", format!("{} at list prices: 2 to 4 Rekognition calls per image, and states", self.range()));
        facts.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;
    use serde_json::json;

    #[test]
    fn failed_image_is_due_again_and_rejected_image_is_not() {
        let state = |change| ImportState::new(record(change));
        let failed = state(json!({"ProcessingStatus": "FAILED", "StatusReason": "Storage.Unavailable", "StatusDetail": "reading"}));
        assert_eq!((failed.status, failed.is_due), (Some(ImportStatus::Failed), true));
        assert_eq!(failed.reason.as_deref(), Some("Storage.Unavailable: reading"));
        let rejected = state(json!({"ProcessingStatus": "FAILED", "StatusReason": "TOO_SMALL", "StatusDetail": "40 px"}));
        assert_eq!(
            (rejected.status, rejected.is_due, rejected.reason.as_deref()),
            (Some(ImportStatus::Rejected), false, Some("TOO_SMALL"))
        );
        assert!(!state(json!({})).is_due && !state(json!({})).is_open());
        assert!(state(json!({"ProcessingStatus": "PENDING"})).is_open());
        assert!(!state(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"})).is_open());
    }

    #[test]
    fn only_due_images_cost_money() {
        let state = |is_due| ImportState { is_due, ..ImportState::default() };
        let states: Vec<ImportState> = (0..300).map(|place| state(place < 100)).collect();
        let estimate = Estimate::new("i".into(), &Gathered::default(), &states);
        assert_eq!((estimate.to_analyze, estimate.already_analyzed), (100, 200));
        // Two calls and 11 + 1 states; four calls and 15 + 1 states.
        assert_eq!((estimate.microdollars_least, estimate.microdollars_most), (230_000, 440_000));
        assert_eq!(estimate.range(), "0.23 to 0.44 dollars");
    }
}
