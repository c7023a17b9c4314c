//! Counters in memory, under the conditions of `crates/aws/src/trends.rs`.

use crate::records::MemoryRecords;
use serde_json::{Value, json};
use sightline_domain::{
    error::StorageError,
    ports::{CounterReader, Replaced, TallyChange, TallyStore},
    record::Record,
    tally::{Counts, Shares, Tally, difference},
};
use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Default)]
struct Table {
    tallies: BTreeMap<String, Tally>,
    counters: Shares,
}

/// The table of trends, beside the records that its transactions look at.
#[derive(Clone, Default)]
pub struct MemoryTrends {
    records: MemoryRecords,
    table: Arc<Mutex<Table>>,
}

impl MemoryTrends {
    /// Beside `records`.
    pub fn beside(records: &MemoryRecords) -> Self {
        Self { records: records.clone(), table: Arc::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All tallies by image.
    pub fn tallies(&self) -> BTreeMap<String, Tally> {
        self.table().tallies.clone()
    }

    /// All counters that are not nought.
    pub fn counters(&self) -> Shares {
        let mut counters = self.table().counters.clone();
        for counts in counters.values_mut() {
            counts.retain(|_, number| *number != 0);
        }
        counters.retain(|_, counts| !counts.is_empty());
        counters
    }

    /// Adds to counters, as many other images do.
    pub fn add(&self, shares: Shares) {
        add(&mut self.table().counters, shares);
    }

    fn is_as_read(&self, record: &Record) -> bool {
        let item = self.records.item(&record.image_id);
        let as_read = |name: &str, read: Value| item.get(name).unwrap_or(&Value::Null) == &read;
        as_read("ProcessingStatus", json!(record.processing_status))
            && as_read("ExecutionArn", json!(record.execution_arn))
            && as_read("FinishedAt", json!(record.finished_at))
    }
}

fn add(counters: &mut Shares, shares: Shares) {
    for (key, counts) in shares {
        let counter = counters.entry(key).or_default();
        for (attribute, number) in counts {
            *counter.entry(attribute).or_default() += number;
        }
    }
}

impl TallyStore for MemoryTrends {
    async fn tally(&self, image_id: &str) -> Result<Option<Tally>, StorageError> {
        Ok(self.table().tallies.get(image_id).cloned())
    }

    async fn replace(&self, change: &TallyChange<'_>) -> Result<Replaced, StorageError> {
        let mut table = self.table();
        if table.tallies.get(change.image_id) != change.old || change.record.is_some_and(|record| !self.is_as_read(record)) {
            return Ok(Replaced::Changed);
        }
        match change.new {
            Some(tally) => table.tallies.insert(change.image_id.to_owned(), tally.clone()),
            None => table.tallies.remove(change.image_id),
        };
        add(&mut table.counters, difference(change.old, change.new));
        Ok(Replaced::Yes)
    }
}

impl CounterReader for MemoryTrends {
    async fn counts(&self, counter: &str, names: Option<RangeInclusive<&str>>) -> Result<BTreeMap<String, Counts>, StorageError> {
        let within = |name: &str| names.as_ref().is_none_or(|names| names.contains(&name));
        let table = self.table();
        let found = table.counters.iter().filter(|(key, _)| key.counter == counter && within(&key.name));
        Ok(found.map(|(key, counts)| (key.name.clone(), counts.clone())).collect())
    }
}
