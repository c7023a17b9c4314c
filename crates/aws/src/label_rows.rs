//! The table `LabelIndex` behind the port that deletes rows.

use crate::{
    changes::{Item, to_item},
    classify::storage,
};
use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest},
};
use sightline_domain::{erase::ports::LabelRowRemoval, error::StorageError, label_index::RowKey};

/// Items of one batch that is read (API reference, `BatchGetItem`).
pub(crate) const READ_AT_ONCE: usize = 100;
/// Items of one batch that is written (API reference, `BatchWriteItem`).
const WRITTEN_AT_ONCE: usize = 25;
/// How often what a batch left undone is asked for again.
const TRIES: usize = 8;

/// The rows.
#[derive(Debug, Clone)]
pub struct LabelRows {
    client: Client,
    table: String,
}

impl LabelRows {
    /// Over an SDK client.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Deletes one batch.
    async fn delete(&self, keys: Vec<Item>, doing: &'static str) -> Result<(), StorageError> {
        let request = |key| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(|error| ours(doing, error))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let mut open: Vec<WriteRequest> = keys.into_iter().map(request).collect::<Result<_, StorageError>>()?;
        for _ in 0..TRIES {
            if open.is_empty() {
                return Ok(());
            }
            let sent = self.client.batch_write_item().request_items(&self.table, open).send().await;
            let answer = sent.map_err(|error| storage(doing, error))?;
            open = answer.unprocessed_items.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default();
        }
        if open.is_empty() { Ok(()) } else { Err(left_undone(doing)) }
    }
}

/// The items of one batch of at most [`READ_AT_ONCE`] keys that there are.
pub(crate) async fn read_batch(
    client: &Client,
    table: &str,
    asked: KeysAndAttributes,
    doing: &'static str,
) -> Result<Vec<Item>, StorageError> {
    let (mut found, mut asked) = (Vec::new(), Some(asked));
    for _ in 0..TRIES {
        let Some(open) = asked.take() else { return Ok(found) };
        let sent = client.batch_get_item().request_items(table, open).send().await;
        let answer = sent.map_err(|error| storage(doing, error))?;
        found.extend(answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default());
        asked = answer.unprocessed_keys.and_then(|mut tables| tables.remove(table));
    }
    if asked.is_none() { Ok(found) } else { Err(left_undone(doing)) }
}

impl LabelRowRemoval for LabelRows {
    async fn existing(&self, keys: &[RowKey]) -> Result<Vec<RowKey>, StorageError> {
        let doing = "looking for the label rows";
        let mut found = Vec::new();
        for batch in keys.chunks(READ_AT_ONCE) {
            let asked = KeysAndAttributes::builder().set_keys(Some(items(doing, batch)?)).consistent_read(true);
            let asked = asked.projection_expression("OwnerLabelMonth, TimeImageID").build().map_err(|error| ours(doing, error))?;
            let items = read_batch(&self.client, &self.table, asked, doing).await?;
            let rows: Vec<RowKey> =
                serde_dynamo::from_items(items).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
            found.extend(rows);
        }
        Ok(found)
    }

    async fn of_image(&self, image_id: &str) -> Result<Vec<RowKey>, StorageError> {
        let doing = "looking for the label rows of the image";
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(&self.table).consistent_read(true).set_exclusive_start_key(next);
            let scan = scan
                .filter_expression("ImageID = :id")
                .expression_attribute_values(":id", AttributeValue::S(image_id.to_owned()))
                .projection_expression("OwnerLabelMonth, TimeImageID");
            let page = scan.send().await.map_err(|error| storage(doing, error))?;
            let rows: Vec<RowKey> = serde_dynamo::from_items(page.items.unwrap_or_default())
                .map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
            found.extend(rows);
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn remove(&self, keys: &[RowKey]) -> Result<(), StorageError> {
        let doing = "deleting the label rows";
        for batch in keys.chunks(WRITTEN_AT_ONCE) {
            self.delete(items(doing, batch)?, doing).await?;
        }
        Ok(())
    }
}

fn items(doing: &'static str, keys: &[RowKey]) -> Result<Vec<Item>, StorageError> {
    keys.iter().map(|key| to_item(doing, key)).collect()
}

fn ours(doing: &'static str, error: BuildError) -> StorageError {
    StorageError::Misconfigured { doing, source: error.into() }
}

fn left_undone(doing: &'static str) -> StorageError {
    StorageError::Unavailable { doing, source: "DynamoDB left a part of a batch undone at every try".into() }
}
