//! Reads the trend counters of one owner. Each read costs as much as the owner has different labels, days or months.

use crate::{
    flows::trends::{Ended, Ranking, ranking},
    model::{
        clock::{EpochMillis, day},
        error::StorageError,
    },
    ports::Counters,
    rules::tally::{COUNT, Counts, owner_days_counter, owner_labels_counter, owner_months_counter},
};
use std::{cmp::Reverse, collections::BTreeMap};

/// A label of an owner's images, as the owner wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerLabel {
    /// The label, in lower case.
    pub name: String,
    /// The number of images with it.
    pub images: u64,
    /// ISO week of the upload, such as `2026-W48` → images. Weeks without an image are omitted.
    pub by_week: BTreeMap<String, u64>,
}

/// The labels of an owner's images that begin with `prefix` (lower case; empty: all of them), most used first.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB cannot be read.
pub async fn owner_labels(counters: &impl Counters, owner_id: &str, prefix: &str) -> Result<Vec<OwnerLabel>, StorageError> {
    let last = format!("{prefix}{}", char::MAX);
    let names = (!prefix.is_empty()).then_some(prefix..=last.as_str());
    let counts = counters.counts(&owner_labels_counter(owner_id), names).await?;
    let mut labels: Vec<OwnerLabel> =
        counts.into_iter().map(|(name, counts)| label(name, counts)).filter(|label| label.images > 0).collect();
    labels.sort_by(|a, b| (Reverse(a.images), &a.name).cmp(&(Reverse(b.images), &b.name)));
    Ok(labels)
}

fn label(name: String, counts: Counts) -> OwnerLabel {
    let positive = |(name, number): (String, i64)| u64::try_from(number).ok().filter(|number| *number > 0).map(|number| (name, number));
    let mut by_week: BTreeMap<String, u64> = counts.into_iter().filter_map(positive).collect();
    let images = by_week.remove(COUNT).unwrap_or_default();
    OwnerLabel { name, images, by_week }
}

/// An owner's finished images by the month of their upload, `2026-11`. Months without an image are omitted.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB cannot be read.
pub async fn owner_months(counters: &impl Counters, owner_id: &str) -> Result<Ranking, StorageError> {
    Ok(ranking(counters.counts(&owner_months_counter(owner_id), None).await?))
}

/// The outcomes of an owner's images by day, `2026-11-25`, from the day of `from` to the day of `to`. Days without finished images are
/// omitted.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB cannot be read.
pub async fn owner_days(
    counters: &impl Counters,
    owner_id: &str,
    from: EpochMillis,
    to: EpochMillis,
) -> Result<BTreeMap<String, Ended>, StorageError> {
    let (from, to) = (day(from), day(to));
    let days = counters.counts(&owner_days_counter(owner_id), Some(from.as_str()..=to.as_str())).await?;
    let ended = days.into_iter().map(|(day, counts)| {
        let mut ended = Ended::default();
        ended.add(&counts);
        (day, ended)
    });
    Ok(ended.filter(|(_, ended)| ended.all() > 0).collect())
}
