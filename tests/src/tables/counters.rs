//! The port [`Counters`].

use super::{MemoryTables, gallery::same_edits};
use serde_json::{Value, json};
use sightline_domain::{
    model::{Record, StorageError},
    ports::{Counters, Replaced, TallyChange},
    rules::tally::{COUNT, Contributions, CounterKey, Counts, Tally, difference},
};
use std::{collections::BTreeMap, ops::RangeInclusive};

impl MemoryTables {
    /// All tallies by image.
    pub fn tallies(&self) -> BTreeMap<String, Tally> {
        self.contents().tallies.clone()
    }

    /// All counters that are not zero.
    pub fn counters(&self) -> Contributions {
        let mut counters = self.contents().counters.clone();
        for counts in counters.values_mut() {
            counts.retain(|_, number| *number != 0);
        }
        counters.retain(|_, counts| !counts.is_empty());
        counters
    }

    /// Adds to the counters.
    pub fn add(&self, contributions: Contributions) {
        add(&mut self.contents().counters, contributions);
    }

    fn is_as_read(&self, record: &Record) -> bool {
        let contents = self.contents();
        let Some(item) = contents.records.get(&(record.image_id.clone(), record.upload_timestamp)) else { return false };
        let as_read = |name: &str, read: Value| item.get(name).unwrap_or(&Value::Null) == &read;
        as_read("ProcessingStatus", json!(record.processing_status))
            && as_read("ExecutionArn", json!(record.execution_arn))
            && as_read("FinishedAt", json!(record.finished_at))
            && same_edits(item, record)
    }
}

fn add(counters: &mut Contributions, contributions: Contributions) {
    for (key, counts) in contributions {
        let counter = counters.entry(key).or_default();
        for (attribute, number) in counts {
            *counter.entry(attribute).or_default() += number;
        }
    }
}

impl Counters for MemoryTables {
    async fn tally(&self, image_id: &str) -> Result<Option<Tally>, StorageError> {
        Ok(self.contents().tallies.get(image_id).cloned())
    }

    async fn remove_empty(&self, keys: &[CounterKey]) -> Result<(), StorageError> {
        let mut contents = self.contents();
        for key in keys {
            if contents.counters.get(key).and_then(|counts| counts.get(COUNT)).is_some_and(|count| *count <= 0) {
                contents.counters.remove(key);
            }
        }
        Ok(())
    }

    async fn remove_counter(&self, counter: &str) -> Result<usize, StorageError> {
        let mut contents = self.contents();
        let before = contents.counters.len();
        contents.counters.retain(|key, _| key.counter != counter);
        Ok(before - contents.counters.len())
    }

    async fn replace(&self, change: &TallyChange<'_>) -> Result<Replaced, StorageError> {
        if change.record.is_some_and(|record| !self.is_as_read(record)) {
            return Ok(Replaced::Changed);
        }
        let mut contents = self.contents();
        if contents.tallies.get(change.image_id) != change.old {
            return Ok(Replaced::Changed);
        }
        match change.new {
            Some(tally) => contents.tallies.insert(change.image_id.to_owned(), tally.clone()),
            None => contents.tallies.remove(change.image_id),
        };
        add(&mut contents.counters, difference(change.old, change.new));
        Ok(Replaced::Yes)
    }

    async fn counts(&self, counter: &str, names: Option<RangeInclusive<&str>>) -> Result<BTreeMap<String, Counts>, StorageError> {
        let within = |name: &str| names.as_ref().is_none_or(|names| names.contains(&name));
        let contents = self.contents();
        let found = contents.counters.iter().filter(|(key, _)| key.counter == counter && within(&key.name));
        Ok(found.map(|(key, counts)| (key.name.clone(), counts.clone())).collect())
    }
}
