//! The invariant of the fault matrix.

use crate::{
    pictures::{Expected, Picture},
    world::World,
};
use sightline_domain::{
    flows::rerun::record_of,
    model::{ProcessingStatus, Record, ReviewStatus, Upload, WorkQueue, layout},
    rules::{alert::AlertKind, label_index::rows, overlay::summary},
};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// All violations, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.environment.effects.violations(&self.erased_ids);
        let mut records = self.environment.tables.all();
        problems.extend(self.left_of_erased(&records));
        records.retain(|record| !record.is_erased());
        let mut per_image = BTreeMap::<&str, usize>::new();
        for record in &records {
            *per_image.entry(&record.image_id).or_default() += 1;
        }
        problems.extend(per_image.iter().filter(|(_, count)| **count != 1).map(|(id, count)| format!("{count} records of {id}")));
        let mut known = BTreeSet::new();
        let there = |upload: &Upload| {
            self.environment.objects.versions_of(&upload.key).iter().any(|version| Some(&version.id) == upload.version_id.as_ref())
        };
        for (upload, picture) in self.uploads.iter().filter(|(upload, _)| there(upload)) {
            match self.record_of(upload) {
                None => problems.push(format!("{} has no record: {upload:?}", picture.label)),
                Some(record) => {
                    known.insert(record.image_id.clone());
                    let wrong = self.wrong_with(&record, picture);
                    problems.extend(wrong.into_iter().map(|wrong| format!("{} {}: {wrong}", picture.label, record.image_id)));
                }
            }
        }
        let strange = records.iter().filter(|record| !known.contains(&record.image_id));
        problems.extend(strange.map(|record| format!("{} is a record without an upload", record.image_id)));
        let expected: BTreeSet<String> =
            records.iter().filter(|record| completed(record)).flat_map(rows).map(|row| format!("{row:?}")).collect();
        let found: BTreeSet<String> = self.environment.tables.label_rows().iter().map(|row| format!("{row:?}")).collect();
        problems.extend(expected.difference(&found).map(|row| format!("missing: {row}")));
        problems.extend(found.difference(&expected).map(|row| format!("in no record: {row}")));
        problems.extend(self.lost_edits(&records));
        problems
    }

    /// Records without the overlay of the last edit that was accepted.
    fn lost_edits(&self, records: &[Record]) -> Vec<String> {
        let accepted = self.environment.tables.accepted_edits();
        let overlay = |record: &Record| (record.title.clone(), record.own_labels.clone(), record.removed_labels.clone(), record.edits);
        let none = Record::default();
        let lost = records.iter().filter_map(|record| {
            let last = accepted.get(&(record.image_id.clone(), record.upload_timestamp)).unwrap_or(&none);
            (overlay(record) != overlay(last))
                .then(|| format!("{} has {:?}, its last edit {:?}", record.image_id, overlay(record), overlay(last)))
        });
        let summary = records.iter().filter(|record| record.detection_summary.as_ref().is_some_and(|shown| *shown != summary(record)));
        lost.chain(summary.map(|record| format!("{} has the summary of another overlay", record.image_id))).collect()
    }

    /// What is left of erased images besides their tombstones.
    fn left_of_erased(&self, records: &[Record]) -> Vec<String> {
        let erased = |id: &&String| records.iter().filter(|record| record.image_id == **id).all(Record::is_erased);
        let mut left = Vec::new();
        for id in self.erased_ids.iter().filter(erased) {
            let mut tombstones = records.iter().filter(|record| record.image_id == *id);
            if !tombstones.all(Record::is_tombstone) {
                left.push(format!("{id} is not completely erased"));
            }
            let keys = self.environment.objects.keys();
            left.extend(
                keys.into_iter().filter(|key| key.contains(&format!("/{id}/"))).map(|key| format!("left of an erased image: {key}")),
            );
        }
        left
    }

    fn record_of(&self, upload: &Upload) -> Option<Record> {
        // Nothing else runs any more.
        let (records, objects) = (self.environment.failing_tables(), self.environment.failing_objects());
        let looked = Box::pin(record_of(&records, &objects, upload, None));
        crate::at_once(looked).ok().flatten().filter(|record| !record.is_erased())
    }

    fn wrong_with(&self, record: &Record, picture: &Picture) -> Vec<String> {
        let mut wrong: Vec<String> = self.wrong_end(record, picture).into_iter().collect();
        let expired = self.environment.effects.happened(&layout::alert_receipt(&record.image_id, AlertKind::ReviewExpired.as_ref()));
        if record.review_status == ReviewStatus::Expired && !expired {
            wrong.push("no alert says that the review expired".to_owned());
        }
        if completed(record) {
            wrong.extend(self.wrong_places(record));
            let first = record.labels.iter().flatten().next().map(|label| label.name.as_str());
            if !record.labels.iter().flatten().any(|label| label.name == picture.label) {
                wrong.push(format!("has the labels of another content: {first:?}"));
            }
        }
        wrong
    }

    fn wrong_end(&self, record: &Record, picture: &Picture) -> Option<String> {
        let waiting = record.processing_status == ProcessingStatus::Pending
            && record.review_status == ReviewStatus::Pending
            && record.work_queue == Some(WorkQueue::Review)
            && self.is_running(&record.execution_arn);
        let right = match picture.expected {
            Expected::Shown => completed(record) && !record.is_withheld(),
            Expected::Blocked => completed(record) && record.is_withheld(),
            Expected::Reviewed => {
                waiting
                    || (completed(record)
                        && record.review_status != ReviewStatus::None
                        && !matches!(record.review_status, ReviewStatus::Pending))
            }
            Expected::Rejected(code) => record.is_rejected() && record.status_reason.as_deref() == Some(code.as_ref()),
        };
        (!right).then(|| {
            let Record { processing_status, status_reason, status_detail, review_status, work_queue, execution_arn, .. } = record;
            format!(
                "ends {processing_status:?} {status_reason:?} ({status_detail:?}), review {review_status:?}, queue {work_queue:?}, of {execution_arn}; wanted {:?}",
                picture.expected
            )
        })
    }

    fn is_running(&self, arn: &str) -> bool {
        self.executions.iter().any(|execution| execution.run.arn == arn && execution.is_running())
    }

    /// Copies of a shown image must be in processed/ only, and those of a withheld image in archived/ only.
    fn wrong_places(&self, record: &Record) -> Vec<String> {
        let keys = [
            (&record.processed_key, layout::processed_image(&record.image_id)),
            (&record.thumbnail_key, layout::thumbnail(&record.image_id)),
            (&record.large_thumbnail_key, layout::large_thumbnail(&record.image_id)),
        ];
        let mut wrong = Vec::new();
        for (key, shown) in keys {
            let key = key.as_deref().unwrap_or_default();
            if self.environment.objects.current(key).is_none() {
                wrong.push(format!("{key} does not exist"));
            }
            let place = if record.is_withheld() { layout::withheld(&shown) } else { shown.clone() };
            if key != place {
                wrong.push(format!("{key} should be {place}"));
            }
            if record.is_withheld() && !self.environment.late_copies.get() && self.environment.objects.current(&shown).is_some() {
                wrong.push(format!("{shown} is still visible"));
            }
        }
        wrong
    }
}

fn completed(record: &Record) -> bool {
    record.processing_status == ProcessingStatus::Completed
}
