use super::Written;
use crate::{
    model::{error::StorageError, record::Record},
    rules::edit::RowChanges,
};
use std::future::Future;

/// The overlays of the records.
pub trait Overlays: Sync {
    /// Writes the overlay of `edited` and the changes of its label rows, if status and overlay of the record are as in `read`.
    ///
    /// All of it is one transaction, if it has at most 100 items. Otherwise rows to delete are deleted before, while the record is unchanged:
    /// the same edit again completes an interrupted one, and no row stays that no record has.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if DynamoDB cannot be written.
    fn edit(&self, read: &Record, edited: &Record, rows: &RowChanges) -> impl Future<Output = Result<Written, StorageError>> + Send;
}
