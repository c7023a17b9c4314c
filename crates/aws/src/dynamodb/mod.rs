//! DynamoDB: the tables of a deployment.

mod changes;
mod counters;
mod gallery;
mod label_index;
mod overlays;
mod records;
mod review_leases;
mod reviews;
mod work_queues;

pub use reviews::WaitingReview;
pub use work_queues::OpenWork;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, CancellationReason, KeysAndAttributes, WriteRequest},
};
use changes::Item;
use serde::de::DeserializeOwned;
use sightline_domain::{
    model::{clock::EpochMillis, error::StorageError},
    ports::{Page, Unreadable},
};

/// The index over the work queues.
const WORK_QUEUE_INDEX: &str = "WorkQueueIndex";
/// The index over the images of an owner by time.
const GALLERY_INDEX: &str = "GalleryIndex";
/// The index over the images of an owner by content.
const CONTENT_INDEX: &str = "ContentIndex";

/// Attribute that holds the task token of the waiting execution. It is in no index and not part of a
/// [`Record`](sightline_domain::model::record::Record).
const REVIEW_TOKEN: &str = "ReviewToken";

/// Attributes of a FAILED record that are removed when an execution continues it or takes it over.
const FAILURE_ATTRIBUTES: [&str; 4] = ["StatusReason", "StatusDetail", "FinishedAt", "ExpiresAt"];

/// Maximum number of items in one batch of reads (API reference, `BatchGetItem`).
const BATCH_READ: usize = 100;
/// Maximum number of items in one batch of writes (API reference, `BatchWriteItem`).
const BATCH_WRITE: usize = 25;
/// How often the rest of a partly processed batch is requested again.
const BATCH_ATTEMPTS: usize = 8;

/// Names of the tables. A caller sets the names of the tables that it uses.
#[derive(Debug, Clone, Default)]
pub struct TableNames {
    /// `ImageMetadataStore`.
    pub records: String,
    /// `LabelIndex`.
    pub label_index: String,
    /// `Trends`.
    pub trends: String,
}

/// The tables.
#[derive(Debug, Clone)]
pub struct Tables {
    client: Client,
    names: TableNames,
}

impl Tables {
    /// Tables over an SDK client.
    pub fn new(client: Client, names: TableNames) -> Self {
        Self { client, names }
    }

    /// The existing items of one batch of at most [`BATCH_READ`] keys.
    async fn read_batch(&self, table: &str, keys: KeysAndAttributes, doing: &'static str) -> Result<Vec<Item>, StorageError> {
        let (mut found, mut rest) = (Vec::new(), Some(keys));
        for _ in 0..BATCH_ATTEMPTS {
            let Some(keys) = rest.take() else { return Ok(found) };
            let sent = self.client.batch_get_item().request_items(table, keys).send().await;
            let answer = sent.map_err(|error| crate::classify::storage(doing, error))?;
            found.extend(answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default());
            rest = answer.unprocessed_keys.and_then(|mut tables| tables.remove(table));
        }
        if rest.is_none() { Ok(found) } else { Err(partly_processed(doing)) }
    }

    /// Sends one batch of at most [`BATCH_WRITE`] writes.
    async fn write_batch(&self, table: &str, mut requests: Vec<WriteRequest>, doing: &'static str) -> Result<(), StorageError> {
        for _ in 0..BATCH_ATTEMPTS {
            if requests.is_empty() {
                return Ok(());
            }
            let sent = self.client.batch_write_item().request_items(table, requests).send().await;
            let answer = sent.map_err(|error| crate::classify::storage(doing, error))?;
            requests = answer.unprocessed_items.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
        }
        if requests.is_empty() { Ok(()) } else { Err(partly_processed(doing)) }
    }
}

/// The key of a record.
fn record_key(image_id: &str, upload_timestamp: EpochMillis) -> Item {
    Item::from([
        ("ImageID".to_owned(), AttributeValue::S(image_id.to_owned())),
        ("UploadTimestamp".to_owned(), AttributeValue::N(upload_timestamp.to_string())),
    ])
}

/// Whether a canceled transaction can succeed later.
fn is_transient(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
}

fn partly_processed(doing: &'static str) -> StorageError {
    StorageError::Unavailable { doing, source: "DynamoDB left a part of a batch unprocessed at every attempt".into() }
}

/// The page in the answer of a query. Items that cannot be read are listed, so that one of them does not hide the others.
fn page<T: DeserializeOwned, P: DeserializeOwned>(answer: QueryOutput, doing: &'static str) -> Result<Page<T, P>, StorageError> {
    let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
    let next = next.map(serde_dynamo::from_item).transpose().map_err(unreadable(doing))?;
    let (mut items, mut unreadable) = (Vec::new(), Vec::new());
    for item in answer.items.unwrap_or_default() {
        let image_id = item.get("ImageID").and_then(|id| id.as_s().ok()).cloned().unwrap_or_default();
        match serde_dynamo::from_item(item) {
            Ok(item) => items.push(item),
            Err(_) => unreadable.push(Unreadable { image_id }),
        }
    }
    Ok(Page { items, unreadable, next })
}

/// The error of an item that does not match its schema.
fn unreadable(doing: &'static str) -> impl Fn(serde_dynamo::Error) -> StorageError {
    move |source| StorageError::Misconfigured { doing, source: source.into() }
}
