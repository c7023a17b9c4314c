//! The port [`Gallery`] over the indexes of the records by owner.

use super::{BATCH_READ, CONTENT_INDEX, GALLERY_INDEX, Tables, changes::Item, unreadable};
use crate::classify::{invalid_request, storage};
use aws_sdk_dynamodb::types::{
    AttributeValue::{self, N, S},
    KeysAndAttributes,
};
use sightline_domain::{
    model::{
        error::StorageError,
        record::{ProcessingStatus, Record},
    },
    ports::{Gallery, GalleryFilter, GalleryImage, GalleryQuery, Page, RecordKey},
};
use std::collections::HashMap;

/// Images of the same content that are looked at. There is more than one only after uploads to different keys.
const SAME_CONTENT: i32 = 25;

impl Gallery for Tables {
    async fn gallery_page(&self, query: &GalleryQuery<'_>) -> Result<Page<GalleryImage, RecordKey>, StorageError> {
        const DOING: &str = "reading the owner's images";
        let (expression, status) = filter(query.filter);
        let mut request = self
            .client
            .query()
            .table_name(&self.names.records)
            .index_name(GALLERY_INDEX)
            .key_condition_expression("OwnerID = :owner AND UploadTimestamp BETWEEN :from AND :to")
            .expression_attribute_values(":owner", S(query.owner_id.to_owned()))
            .expression_attribute_values(":from", N(query.from.unwrap_or(0).to_string()))
            .expression_attribute_values(":to", N(query.to.unwrap_or(i64::MAX).to_string()))
            .filter_expression(expression)
            .expression_attribute_values(":status", S(status.as_ref().to_owned()))
            .scan_index_forward(false)
            .limit(i32::from(query.limit.max(1)));
        if query.filter.has_faces || query.filter.has_text {
            request = request.expression_attribute_values(":none", N("0".to_owned()));
        }
        if let Some(after) = query.after {
            request = request.set_exclusive_start_key(Some(start_key(query.owner_id, after)));
        }
        let answer = request.send().await.map_err(|error| storage(DOING, error))?;
        super::page(answer, DOING)
    }

    async fn records(&self, keys: &[RecordKey]) -> Result<Vec<Record>, StorageError> {
        const DOING: &str = "reading the records";
        let mut wanted = keys.to_vec();
        // DynamoDB refuses a batch that names a key twice.
        wanted.sort();
        wanted.dedup();
        let mut found: HashMap<RecordKey, Record> = HashMap::new();
        for batch in wanted.chunks(BATCH_READ) {
            let batch: Vec<Item> = batch.iter().map(|key| super::record_key(&key.image_id, key.upload_timestamp)).collect();
            let request = KeysAndAttributes::builder().set_keys(Some(batch)).build().map_err(invalid_request(DOING))?;
            let items = self.read_batch(&self.names.records, request, DOING).await?;
            let records = items.into_iter().filter_map(|item| serde_dynamo::from_item::<_, Record>(item).ok());
            found.extend(records.map(|record| (RecordKey::of(&record), record)));
        }
        Ok(keys.iter().filter_map(|key| found.get(key).cloned()).collect())
    }

    async fn completed_image(&self, owner_id: &str, content_sha256: &str) -> Result<Option<RecordKey>, StorageError> {
        const DOING: &str = "looking for an image of the same content";
        let query = self.client.query().table_name(&self.names.records).index_name(CONTENT_INDEX);
        let query = query
            .key_condition_expression("OwnerID = :owner AND ContentSha256 = :sha256")
            .filter_expression("ProcessingStatus = :completed")
            .expression_attribute_values(":owner", S(owner_id.to_owned()))
            .expression_attribute_values(":sha256", S(content_sha256.to_owned()))
            .expression_attribute_values(":completed", S(ProcessingStatus::Completed.as_ref().to_owned()))
            .limit(SAME_CONTENT);
        let page = query.send().await.map_err(|error| storage(DOING, error))?;
        page.items.unwrap_or_default().into_iter().next().map(serde_dynamo::from_item).transpose().map_err(unreadable(DOING))
    }
}

/// The key of the index directly after an image.
fn start_key(owner_id: &str, after: &RecordKey) -> HashMap<String, AttributeValue> {
    let mut key = super::record_key(&after.image_id, after.upload_timestamp);
    key.insert("OwnerID".to_owned(), S(owner_id.to_owned()));
    key
}

/// The expression of a filter, and the status that it compares with `:status`. An absent attribute fails every comparison.
fn filter(filter: GalleryFilter) -> (String, ProcessingStatus) {
    let (status, compared) = match filter.status {
        Some(status) => ("ProcessingStatus = :status", status),
        None => ("ProcessingStatus <> :status", ProcessingStatus::Erased),
    };
    let others = [
        (filter.has_faces, "FaceCount > :none"),
        (filter.has_text, "TextLineCount > :none"),
        (filter.has_position, "attribute_exists(Latitude)"),
    ];
    let others = others.into_iter().filter_map(|(wanted, expression)| wanted.then_some(expression));
    (std::iter::once(status).chain(others).collect::<Vec<_>>().join(" AND "), compared)
}
