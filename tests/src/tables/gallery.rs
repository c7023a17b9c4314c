//! The ports [`Gallery`], [`Overlays`] and [`ReviewLeases`].

use super::{Item, MemoryTables, REVIEW_TOKEN, attributes, records::set, text};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        error::StorageError,
        record::{ProcessingStatus, Record},
    },
    ports::{
        Gallery, GalleryFilter, GalleryImage, GalleryQuery, Overlays, Page, RecordKey, ReviewClaim, ReviewLease, ReviewLeases, Unreadable,
        Written,
    },
    rules::edit::RowChanges,
};

/// Attributes that only an edit writes, except that a completion computes `DetectionSummary` anew.
pub(super) const OVERLAY: [&str; 6] = ["Title", "OwnLabels", "RemovedLabels", "Edits", "EditedAt", "DetectionSummary"];

/// Whether the overlay of an item still has the version that was read.
pub(super) fn same_edits(item: &Item, read: &Record) -> bool {
    item.get("Edits").and_then(Value::as_u64).unwrap_or_default() == u64::from(read.edits)
}

fn matches(item: &Item, filter: GalleryFilter) -> bool {
    let status = text(item, "ProcessingStatus");
    let has_some = |name: &str| item.get(name).and_then(Value::as_u64).is_some_and(|count| count > 0);
    filter.status.map_or(status != ProcessingStatus::Erased.as_ref(), |wanted| status == wanted.as_ref())
        && (!filter.has_faces || has_some("FaceCount"))
        && (!filter.has_text || has_some("TextLineCount"))
        && (!filter.has_position || item.contains_key("Latitude"))
}

impl Gallery for MemoryTables {
    async fn gallery_page(&self, query: &GalleryQuery<'_>) -> Result<Page<GalleryImage, RecordKey>, StorageError> {
        let contents = self.contents();
        let (from, to) = (query.from.unwrap_or(0), query.to.unwrap_or(i64::MAX));
        let mut rows: Vec<(RecordKey, &Item)> = contents
            .records
            .iter()
            .filter(|((_, at), item)| text(item, "OwnerID") == query.owner_id && (from..=to).contains(at))
            .map(|((id, at), item)| (RecordKey { image_id: id.clone(), upload_timestamp: *at }, item))
            .collect();
        let place = |key: &RecordKey| (key.upload_timestamp, key.image_id.clone());
        rows.sort_by_key(|(key, _)| std::cmp::Reverse(place(key)));
        rows.retain(|(key, _)| query.after.is_none_or(|after| place(key) < place(after)));
        // As in DynamoDB, a page is cut before it is filtered, and a full page has a next one, which can be empty.
        let limit = usize::from(query.limit.max(1));
        let next = (rows.len() >= limit).then(|| rows.get(limit - 1).map(|(key, _)| key.clone())).flatten();
        rows.truncate(limit);
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        for (key, item) in rows.into_iter().filter(|(_, item)| matches(item, query.filter)) {
            match serde_json::from_value(Value::Object(item.clone())) {
                Ok(image) => items.push(image),
                Err(_) => unreadable.push(Unreadable { image_id: key.image_id }),
            }
        }
        Ok(Page { items, unreadable, next })
    }

    async fn records(&self, keys: &[RecordKey]) -> Result<Vec<Record>, StorageError> {
        let contents = self.contents();
        let item = |key: &RecordKey| contents.records.get(&(key.image_id.clone(), key.upload_timestamp)).cloned();
        Ok(keys.iter().filter_map(item).filter_map(|item| serde_json::from_value(Value::Object(item)).ok()).collect())
    }

    async fn completed_image(&self, owner_id: &str, content_sha256: &str) -> Result<Option<RecordKey>, StorageError> {
        let contents = self.contents();
        let found = contents.records.iter().find(|(_, item)| {
            text(item, "OwnerID") == owner_id
                && text(item, "ContentSha256") == content_sha256
                && text(item, "ProcessingStatus") == ProcessingStatus::Completed.as_ref()
        });
        Ok(found.map(|((id, at), _)| RecordKey { image_id: id.clone(), upload_timestamp: *at }))
    }
}

impl Overlays for MemoryTables {
    async fn edit(&self, read: &Record, edited: &Record, rows: &RowChanges) -> Result<Written, StorageError> {
        let mut contents = self.contents();
        let unchanged = |item: &&mut Item| text(item, "ProcessingStatus") == read.processing_status.as_ref() && same_edits(item, read);
        let Some(item) = contents.records.get_mut(&(read.image_id.clone(), read.upload_timestamp)).filter(unchanged) else {
            return Ok(Written::Refused);
        };
        let mut overlay = attributes(edited);
        for name in OVERLAY.iter().chain(&["Warnings"]) {
            match overlay.remove(*name) {
                Some(value) => drop(item.insert((*name).to_owned(), value)),
                None => drop(item.remove(*name)),
            }
        }
        contents.edits.insert((read.image_id.clone(), read.upload_timestamp), edited.clone());
        for key in &rows.delete {
            contents.label_index.remove(&(key.owner_label_month.clone(), key.time_image_id.clone()));
        }
        for row in &rows.put {
            contents.label_index.insert((row.owner_label_month.clone(), row.time_image_id.clone()), row.clone());
        }
        Ok(Written::Yes)
    }
}

impl ReviewLeases for MemoryTables {
    async fn claim_review(&self, key: &RecordKey, lease: ReviewLease<'_>) -> Result<ReviewClaim, StorageError> {
        let mut contents = self.contents();
        let Some(item) = contents.records.get_mut(&(key.image_id.clone(), key.upload_timestamp)) else { return Ok(ReviewClaim::NotOpen) };
        let time = |item: &Item, name: &str| item.get(name).and_then(Value::as_i64);
        let status = ["ReviewStatus", "ProcessingStatus", "WorkQueue"].map(|name| text(item, name));
        let in_time = time(item, "ReviewDeadline").is_some_and(|deadline| deadline > lease.now);
        if status != ["PENDING", "PENDING", "REVIEW"] || !in_time || !item.contains_key(REVIEW_TOKEN) {
            return Ok(ReviewClaim::NotOpen);
        }
        let until = time(item, "ReviewClaimedUntil").filter(|until| *until > lease.now);
        let by = text(item, "ReviewClaimedBy");
        if let Some(until) = until.filter(|_| by != lease.reviewer) {
            return Ok(ReviewClaim::Held { by: by.to_owned(), until });
        }
        set(item, json!({"ReviewClaimedBy": lease.reviewer, "ReviewClaimedUntil": lease.until}));
        Ok(ReviewClaim::Yes)
    }
}
