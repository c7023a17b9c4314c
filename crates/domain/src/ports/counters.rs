use crate::{
    model::{error::StorageError, record::Record},
    rules::tally::{CounterKey, Counts, Tally},
};
use std::{collections::BTreeMap, future::Future, ops::RangeInclusive};

/// A change of what an image contributes to the counters.
#[derive(Clone, Copy)]
pub struct TallyChange<'a> {
    /// The image.
    pub image_id: &'a str,
    /// The tally as it was read.
    pub old: Option<&'a Tally>,
    /// The new tally; `None` removes the image's contributions.
    pub new: Option<&'a Tally>,
    /// The record, as it was read, that the new tally was computed from; `None` if the record does not matter.
    pub record: Option<&'a Record>,
}

/// Whether a tally was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// The tally was replaced and the counters were updated.
    Yes,
    /// Nothing was written: the tally or the record has changed since it was read, or another transaction changed the same counters.
    /// Read both again.
    Changed,
}

/// The counters, and the tally of each image: what it contributes to them.
///
/// # Errors
///
/// Every method returns [`StorageError`] if DynamoDB does not answer or refuses the request.
pub trait Counters: Sync {
    /// The tally of an image, read consistently.
    fn tally(&self, image_id: &str) -> impl Future<Output = Result<Option<Tally>, StorageError>> + Send;

    /// Replaces the tally of an image and adds the difference to the counters, in one transaction.
    fn replace(&self, change: &TallyChange<'_>) -> impl Future<Output = Result<Replaced, StorageError>> + Send;

    /// Deletes the counters under `keys` that count no image, so that their names do not stay.
    fn remove_empty(&self, keys: &[CounterKey]) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Deletes everything under `counter`, and returns how many names it had.
    fn remove_counter(&self, counter: &str) -> impl Future<Output = Result<usize, StorageError>> + Send;

    /// The numbers under `counter`, by name; if `names` is given, only the names in this range.
    fn counts(
        &self,
        counter: &str,
        names: Option<RangeInclusive<&str>>,
    ) -> impl Future<Output = Result<BTreeMap<String, Counts>, StorageError>> + Send;
}
