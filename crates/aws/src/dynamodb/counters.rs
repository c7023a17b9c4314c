//! The port [`Counters`] over the table `Trends`.

use super::{
    BATCH_WRITE, Tables,
    changes::{Item, to_item},
    is_transient,
    overlays::same_edits,
    unreadable,
};
use crate::classify::{cause, invalid_request, storage};
use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::{delete_item::DeleteItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue::{self, M, N, S},
        ConditionCheck, Delete, DeleteRequest, Put, TransactWriteItem, Update, WriteRequest,
    },
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sightline_domain::{
    model::{error::StorageError, record::Record},
    ports::{Counters, Replaced, TallyChange},
    rules::tally::{COUNT, CounterKey, Counts, Tally, difference},
};
use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
};

const COUNTING: &str = "counting the image";

impl Counters for Tables {
    async fn counts(&self, counter: &str, names: Option<RangeInclusive<&str>>) -> Result<BTreeMap<String, Counts>, StorageError> {
        const DOING: &str = "reading the counters";
        let query = self.client.query().table_name(&self.names.trends).expression_attribute_names("#counter", "Counter");
        let query = query.expression_attribute_values(":counter", S(counter.to_owned()));
        let query = match &names {
            None => query.key_condition_expression("#counter = :counter"),
            Some(names) => query
                .key_condition_expression("#counter = :counter AND #name BETWEEN :from AND :to")
                .expression_attribute_names("#name", "Name")
                .expression_attribute_values(":from", S((*names.start()).to_owned()))
                .expression_attribute_values(":to", S((*names.end()).to_owned())),
        };
        let items: Result<Vec<Item>, _> = query.into_paginator().items().send().collect().await;
        Ok(items.map_err(|error| storage(DOING, error))?.into_iter().filter_map(named_counts).collect())
    }

    async fn tally(&self, image_id: &str) -> Result<Option<Tally>, StorageError> {
        let doing = "reading the tally";
        let get = self.client.get_item().table_name(&self.names.trends).set_key(Some(tally_key(image_id))).consistent_read(true);
        let answer = get.send().await.map_err(|error| storage(doing, error))?;
        let tally = answer.item.and_then(|mut item| item.remove("Tally"));
        tally.map(|tally| serde_dynamo::from_attribute_value(tally).map_err(unreadable(doing))).transpose()
    }

    async fn remove_empty(&self, keys: &[CounterKey]) -> Result<(), StorageError> {
        for key in keys {
            let delete = self.client.delete_item().table_name(&self.names.trends).set_key(Some(counter_key(&key.counter, &key.name)));
            let delete = delete.condition_expression("#count <= :none").expression_attribute_names("#count", COUNT);
            match delete.expression_attribute_values(":none", N("0".to_owned())).send().await {
                Ok(_) => {}
                Err(error) if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) => {}
                Err(error) => return Err(storage("deleting a counter", error)),
            }
        }
        Ok(())
    }

    async fn remove_counter(&self, counter: &str) -> Result<usize, StorageError> {
        const DOING: &str = "deleting the counters";
        let query = self.client.query().table_name(&self.names.trends).expression_attribute_names("#counter", "Counter");
        let query = query.key_condition_expression("#counter = :counter").expression_attribute_values(":counter", S(counter.to_owned()));
        let items: Result<Vec<Item>, _> = query.into_paginator().items().send().collect().await;
        let names =
            items.map_err(|error| storage(DOING, error))?.into_iter().filter_map(|mut item| item.remove("Name")).collect::<Vec<_>>();
        let request = |name: &AttributeValue| {
            let key = Item::from([("Counter".to_owned(), S(counter.to_owned())), ("Name".to_owned(), name.clone())]);
            let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(invalid_request(DOING))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        for batch in names.chunks(BATCH_WRITE) {
            self.write_batch(&self.names.trends, batch.iter().map(request).collect::<Result<_, StorageError>>()?, DOING).await?;
        }
        Ok(names.len())
    }

    async fn replace(&self, change: &TallyChange<'_>) -> Result<Replaced, StorageError> {
        let items = self.transaction(change)?;
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Replaced::Yes),
            Err(error) => failed(error),
        }
    }
}

impl Tables {
    /// The items of the transaction: the tally, the condition on the record, and each counter.
    fn transaction(&self, change: &TallyChange<'_>) -> Result<Vec<TransactWriteItem>, StorageError> {
        let mut items = vec![self.tally_item(change)?];
        if let Some(record) = change.record {
            items.push(TransactWriteItem::builder().condition_check(self.record_is_unchanged(record)?).build());
        }
        for (key, counts) in difference(change.old, change.new) {
            items.push(TransactWriteItem::builder().update(self.add(&key, &counts).map_err(invalid_request(COUNTING))?).build());
        }
        Ok(items)
    }

    /// Writes or deletes the tally, if it is still the old one.
    fn tally_item(&self, change: &TallyChange<'_>) -> Result<TransactWriteItem, StorageError> {
        let (condition, name, old) = match change.old {
            None => ("attribute_not_exists(#known)", "Counter", None),
            Some(old) => ("#known = :old", "Tally", Some(HashMap::from([(":old".to_owned(), M(to_item(COUNTING, old)?))]))),
        };
        let (table, key) = (&self.names.trends, tally_key(change.image_id));
        let Some(new) = change.new else {
            let delete = Delete::builder().table_name(table).set_key(Some(key)).condition_expression(condition);
            let delete = delete
                .expression_attribute_names("#known", name)
                .set_expression_attribute_values(old)
                .build()
                .map_err(invalid_request(COUNTING))?;
            return Ok(TransactWriteItem::builder().delete(delete).build());
        };
        let mut item = key;
        item.insert("Tally".to_owned(), M(to_item(COUNTING, new)?));
        if let Some(expires_at) = change.record.and_then(|record| record.expires_at) {
            item.insert("ExpiresAt".to_owned(), N(expires_at.to_string()));
        }
        let put = Put::builder().table_name(table).set_item(Some(item)).condition_expression(condition);
        let put = put
            .expression_attribute_names("#known", name)
            .set_expression_attribute_values(old)
            .build()
            .map_err(invalid_request(COUNTING))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The condition that execution, status, time of completion and overlay of the record are unchanged.
    fn record_is_unchanged(&self, record: &Record) -> Result<ConditionCheck, StorageError> {
        let status = serde_dynamo::to_attribute_value(record.processing_status).map_err(unreadable(COUNTING))?;
        let check = ConditionCheck::builder()
            .table_name(&self.names.records)
            .key("ImageID", S(record.image_id.clone()))
            .key("UploadTimestamp", N(record.upload_timestamp.to_string()))
            .expression_attribute_values(":status", status)
            .expression_attribute_values(":execution", S(record.execution_arn.clone()));
        let (same_edits, edits) = same_edits(record);
        let check = match edits {
            Some(edits) => check.expression_attribute_values(":edits", edits),
            None => check,
        };
        let unchanged = format!("ProcessingStatus = :status AND ExecutionArn = :execution AND {same_edits}");
        let check = match record.finished_at {
            Some(at) => check
                .condition_expression(format!("{unchanged} AND FinishedAt = :finished"))
                .expression_attribute_values(":finished", N(at.to_string())),
            None => check.condition_expression(format!("{unchanged} AND attribute_not_exists(FinishedAt)")),
        };
        check.build().map_err(invalid_request(COUNTING))
    }

    fn add(&self, key: &CounterKey, counts: &Counts) -> Result<Update, BuildError> {
        let mut update = Update::builder().table_name(&self.names.trends).set_key(Some(counter_key(&key.counter, &key.name)));
        let mut additions = Vec::new();
        for (index, (attribute, number)) in counts.iter().enumerate() {
            update = update.expression_attribute_names(format!("#a{index}"), attribute);
            update = update.expression_attribute_values(format!(":a{index}"), N(number.to_string()));
            additions.push(format!("#a{index} :a{index}"));
        }
        update.update_expression(format!("ADD {}", additions.join(", "))).build()
    }
}

fn counter_key(counter: &str, name: &str) -> Item {
    Item::from([("Counter".to_owned(), S(counter.to_owned())), ("Name".to_owned(), S(name.to_owned()))])
}

fn tally_key(image_id: &str) -> Item {
    counter_key(&format!("image#{image_id}"), "tally")
}

/// The name of an item, and its numbers by attribute.
fn named_counts(item: Item) -> Option<(String, Counts)> {
    let name = item.get("Name").and_then(|name| name.as_s().ok()).cloned()?;
    let number = |value: &AttributeValue| value.as_n().ok().and_then(|number| number.parse().ok());
    Some((name, item.into_iter().filter_map(|(attribute, value)| number(&value).map(|number| (attribute, number))).collect()))
}

/// The result of a failed transaction: [`Replaced::Changed`] if a condition failed or another transaction changed the same items.
fn failed(error: SdkError<TransactWriteItemsError, HttpResponse>) -> Result<Replaced, StorageError> {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(exception)) => exception.cancellation_reasons(),
        _ => return Err(storage(COUNTING, error)),
    };
    if reasons.iter().any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))) {
        return Ok(Replaced::Changed);
    }
    if reasons.iter().any(is_transient) {
        return Err(StorageError::Unavailable { doing: COUNTING, source: cause(error) });
    }
    Err(storage(COUNTING, error))
}
