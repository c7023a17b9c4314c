use crate::{
    model::error::StorageError,
    rules::label_index::{LabelRow, RowKey},
};
use std::future::Future;

/// Rows of one partition.
#[derive(Debug, Clone, Copy)]
pub struct RowRange<'a> {
    /// [`LabelRow::owner_label_month`].
    pub partition: &'a str,
    /// Smallest [`LabelRow::time_image_id`].
    pub from: &'a str,
    /// Largest [`LabelRow::time_image_id`].
    pub to: &'a str,
    /// Only rows below this sort key: the end of the last page.
    pub after: Option<&'a str>,
    /// Percent; rows below are left out.
    pub min_confidence: f64,
    /// Whether rows of withheld images are included.
    pub withheld: bool,
}

/// A page of rows.
#[derive(Debug, Clone, Default)]
pub struct RowPage {
    /// Largest [`LabelRow::time_image_id`] first; may be empty although more pages follow.
    pub rows: Vec<LabelRow>,
    /// The start of the next page; `None` on the last page.
    pub next: Option<String>,
}

/// The table `LabelIndex`.
///
/// # Errors
///
/// Every method returns [`StorageError`] if DynamoDB does not answer or refuses the request.
pub trait LabelIndex: Sync {
    /// A page of the rows in `range`, newest first.
    fn rows(&self, range: RowRange<'_>) -> impl Future<Output = Result<RowPage, StorageError>> + Send;

    /// The subset of `keys` that exist, read consistently.
    fn existing_rows(&self, keys: &[RowKey]) -> impl Future<Output = Result<Vec<RowKey>, StorageError>> + Send;

    /// The keys of all rows of an image whose record, which holds its terms, is gone. Scans the whole table.
    fn rows_of_image(&self, image_id: &str) -> impl Future<Output = Result<Vec<RowKey>, StorageError>> + Send;

    /// Deletes rows. Rows that do not exist are not an error.
    fn delete_rows(&self, keys: &[RowKey]) -> impl Future<Output = Result<(), StorageError>> + Send;
}
