//! The port [`Overlays`]: edits of records together with their label rows.

use super::{
    Tables,
    changes::{Changes, to_item},
    is_transient, record_key, unreadable,
};
use crate::classify::{cause, invalid_request, storage};
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue::{self, N, S},
        ConditionCheck, Delete, Put, TransactWriteItem,
    },
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sightline_domain::{
    model::{error::StorageError, record::Record},
    ports::{Overlays, Written},
    rules::{
        edit::RowChanges,
        label_index::{LabelRow, RowKey},
    },
};

/// Attributes that only an edit writes, except that a completion computes `DetectionSummary` anew.
pub(super) const OVERLAY_ATTRIBUTES: [&str; 6] = ["Title", "OwnLabels", "RemovedLabels", "Edits", "EditedAt", "DetectionSummary"];

/// Maximum number of items of a transaction (API reference, `TransactWriteItems`).
const TRANSACTION: usize = 100;

const DOING: &str = "storing the edit";

impl Overlays for Tables {
    async fn edit(&self, read: &Record, edited: &Record, rows: &RowChanges) -> Result<Written, StorageError> {
        let room = TRANSACTION.saturating_sub(1 + rows.put.len());
        let (before, last) = rows.delete.split_at(rows.delete.len().saturating_sub(room));
        for batch in before.chunks(TRANSACTION - 1) {
            let check = TransactWriteItem::builder().condition_check(self.is_unchanged(read)?).build();
            let deletes = batch.iter().map(|key| self.delete_row(key));
            if self.transact(std::iter::once(Ok(check)).chain(deletes).collect::<Result<_, _>>()?).await? == Written::Refused {
                return Ok(Written::Refused);
            }
        }
        let record =
            TransactWriteItem::builder().update(self.overlay(read, edited)?.into_update().map_err(invalid_request(DOING))?).build();
        let puts = rows.put.iter().map(|row| self.put_row(row));
        let deletes = last.iter().map(|key| self.delete_row(key));
        self.transact(std::iter::once(Ok(record)).chain(puts).chain(deletes).collect::<Result<_, _>>()?).await
    }
}

/// The condition that the overlay still has the version that was read, with the placeholder `:edits` if it has one.
pub(super) fn same_edits(read: &Record) -> (&'static str, Option<AttributeValue>) {
    match read.edits {
        0 => ("attribute_not_exists(Edits)", None),
        edits => ("Edits = :edits", Some(N(edits.to_string()))),
    }
}

impl Tables {
    /// The write of the overlay, on the condition that status and overlay are as they were read.
    fn overlay(&self, read: &Record, edited: &Record) -> Result<Changes, StorageError> {
        let (same_edits, edits) = same_edits(read);
        let condition = format!("ProcessingStatus = :status AND {same_edits}");
        let mut item = to_item(DOING, edited)?;
        let key = record_key(&read.image_id, read.upload_timestamp);
        let mut changes = Changes::new(&self.names.records, key, condition).text(":status", read.processing_status.as_ref());
        if let Some(edits) = edits {
            changes = changes.value(":edits", edits);
        }
        for name in OVERLAY_ATTRIBUTES.iter().chain(&["Warnings"]) {
            changes = match item.remove(*name) {
                Some(value) => changes.set(name, value),
                None => changes.remove(&[name]),
            };
        }
        Ok(changes)
    }

    /// The condition of [`Tables::overlay`], for a transaction that does not write the record.
    fn is_unchanged(&self, read: &Record) -> Result<ConditionCheck, StorageError> {
        let (same_edits, edits) = same_edits(read);
        let mut check = ConditionCheck::builder()
            .table_name(&self.names.records)
            .set_key(Some(record_key(&read.image_id, read.upload_timestamp)))
            .condition_expression(format!("ProcessingStatus = :status AND {same_edits}"))
            .expression_attribute_values(":status", S(read.processing_status.as_ref().to_owned()));
        if let Some(edits) = edits {
            check = check.expression_attribute_values(":edits", edits);
        }
        check.build().map_err(invalid_request(DOING))
    }

    /// A write of a label row as a part of a transaction.
    pub(super) fn put_row(&self, row: &LabelRow) -> Result<TransactWriteItem, StorageError> {
        let put = Put::builder().table_name(&self.names.label_index).set_item(Some(to_item(DOING, row)?));
        Ok(TransactWriteItem::builder().put(put.build().map_err(invalid_request(DOING))?).build())
    }

    fn delete_row(&self, key: &RowKey) -> Result<TransactWriteItem, StorageError> {
        let key = serde_dynamo::to_item(key).map_err(unreadable(DOING))?;
        let delete = Delete::builder().table_name(&self.names.label_index).set_key(Some(key));
        Ok(TransactWriteItem::builder().delete(delete.build().map_err(invalid_request(DOING))?).build())
    }

    /// Sends a transaction whose first item has the condition.
    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Written, StorageError> {
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) => failed(error),
        }
    }
}

fn failed(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Result<Written, StorageError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(exception)) = error.as_service_error() else {
        return Err(storage(DOING, error));
    };
    let reasons = exception.cancellation_reasons();
    if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
        return Ok(Written::Refused);
    }
    if reasons.iter().any(is_transient) {
        return Err(StorageError::Unavailable { doing: DOING, source: cause(error) });
    }
    Err(storage(DOING, error))
}
