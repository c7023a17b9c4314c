//! The port [`LabelIndex`] over the table `LabelIndex`.

use super::{
    BATCH_READ, BATCH_WRITE, Tables,
    changes::{Item, to_item},
    unreadable,
};
use crate::classify::{invalid_request, storage};
use aws_sdk_dynamodb::types::{
    AttributeValue::{self, Bool, N, S},
    DeleteRequest, KeysAndAttributes, WriteRequest,
};
use sightline_domain::{
    model::error::StorageError,
    ports::{LabelIndex, RowPage, RowRange},
    rules::label_index::RowKey,
};
use std::collections::HashMap;

/// Rows read per page. All of them are paid for, although a search for several terms can skip most of them.
const ROWS_AT_ONCE: i32 = 200;

impl LabelIndex for Tables {
    async fn rows(&self, range: RowRange<'_>) -> Result<RowPage, StorageError> {
        const DOING: &str = "searching the label index";
        let start = range.after.map(|after| {
            let key = |name: &str, value: &str| (name.to_owned(), S(value.to_owned()));
            HashMap::from([key("OwnerLabelMonth", range.partition), key("TimeImageID", after)])
        });
        let mut query = self
            .client
            .query()
            .table_name(&self.names.label_index)
            .key_condition_expression("OwnerLabelMonth = :partition AND TimeImageID BETWEEN :from AND :to")
            .expression_attribute_values(":partition", S(range.partition.to_owned()))
            .expression_attribute_values(":from", S(range.from.to_owned()))
            .expression_attribute_values(":to", S(range.to.to_owned()))
            .expression_attribute_values(":confidence", N(range.min_confidence.to_string()))
            .filter_expression(filter(range.withheld))
            .scan_index_forward(false)
            .limit(ROWS_AT_ONCE)
            .set_exclusive_start_key(start);
        if !range.withheld {
            query = query.expression_attribute_values(":true", Bool(true)).expression_attribute_names("#withheld", "Withheld");
        }
        let page = query.send().await.map_err(|error| storage(DOING, error))?;
        let next = page.last_evaluated_key.and_then(|mut key| key.remove("TimeImageID")).and_then(text);
        let rows = serde_dynamo::from_items(page.items.unwrap_or_default()).map_err(unreadable(DOING))?;
        Ok(RowPage { rows, next })
    }

    async fn existing_rows(&self, keys: &[RowKey]) -> Result<Vec<RowKey>, StorageError> {
        let doing = "looking for the label rows";
        let mut found = Vec::new();
        for batch in keys.chunks(BATCH_READ) {
            let request = KeysAndAttributes::builder().set_keys(Some(items(doing, batch)?)).consistent_read(true);
            let request = request.projection_expression("OwnerLabelMonth, TimeImageID").build().map_err(invalid_request(doing))?;
            let items = self.read_batch(&self.names.label_index, request, doing).await?;
            let rows: Vec<RowKey> = serde_dynamo::from_items(items).map_err(unreadable(doing))?;
            found.extend(rows);
        }
        Ok(found)
    }

    async fn rows_of_image(&self, image_id: &str) -> Result<Vec<RowKey>, StorageError> {
        let doing = "looking for the label rows of the image";
        let scan = self.client.scan().table_name(&self.names.label_index).consistent_read(true);
        let scan = scan
            .filter_expression("ImageID = :id")
            .expression_attribute_values(":id", S(image_id.to_owned()))
            .projection_expression("OwnerLabelMonth, TimeImageID");
        let items: Result<Vec<Item>, _> = scan.into_paginator().items().send().collect().await;
        serde_dynamo::from_items(items.map_err(|error| storage(doing, error))?).map_err(unreadable(doing))
    }

    async fn delete_rows(&self, keys: &[RowKey]) -> Result<(), StorageError> {
        let doing = "deleting the label rows";
        for batch in keys.chunks(BATCH_WRITE) {
            self.delete(items(doing, batch)?, doing).await?;
        }
        Ok(())
    }
}

impl Tables {
    /// Deletes one batch of at most [`BATCH_WRITE`] keys.
    async fn delete(&self, keys: Vec<Item>, doing: &'static str) -> Result<(), StorageError> {
        let request = |key| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(invalid_request(doing))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let requests: Vec<WriteRequest> = keys.into_iter().map(request).collect::<Result<_, StorageError>>()?;
        self.write_batch(&self.names.label_index, requests, doing).await
    }
}

fn items(doing: &'static str, keys: &[RowKey]) -> Result<Vec<Item>, StorageError> {
    keys.iter().map(|key| to_item(doing, key)).collect()
}

fn text(value: AttributeValue) -> Option<String> {
    if let S(text) = value { Some(text) } else { None }
}

const fn filter(withheld: bool) -> &'static str {
    if withheld { "Confidence >= :confidence" } else { "Confidence >= :confidence AND #withheld <> :true" }
}
