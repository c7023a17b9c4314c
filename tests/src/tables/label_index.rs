//! The port [`LabelIndex`].

use super::MemoryTables;
use sightline_domain::{
    model::StorageError,
    ports::{LabelIndex, RowPage, RowRange},
    rules::label_index::{LabelRow, RowKey},
};

/// Rows on one page: few, so that tests read several pages.
const PAGE: usize = 3;

fn key(row: &LabelRow) -> RowKey {
    RowKey { owner_label_month: row.owner_label_month.clone(), time_image_id: row.time_image_id.clone() }
}

impl MemoryTables {
    /// Writes rows without a condition.
    pub fn put_label_rows(&self, rows: Vec<LabelRow>) {
        let mut contents = self.contents();
        for row in rows {
            contents.label_index.insert((row.owner_label_month.clone(), row.time_image_id.clone()), row);
        }
    }
}

impl LabelIndex for MemoryTables {
    async fn rows(&self, range: RowRange<'_>) -> Result<RowPage, StorageError> {
        if range.after.is_some_and(|after| !(range.from..=range.to).contains(&after)) {
            let source = "DynamoDB refuses a start key outside of the range".into();
            return Err(StorageError::Misconfigured { doing: "searching the label index", source });
        }
        let contents = self.contents();
        let mut rows: Vec<&LabelRow> = contents.label_index.values().filter(|row| row.owner_label_month == range.partition).collect();
        rows.retain(|row| (range.from..=range.to).contains(&row.time_image_id.as_str()));
        rows.retain(|row| range.after.is_none_or(|after| row.time_image_id.as_str() < after));
        rows.sort_by(|a, b| b.time_image_id.cmp(&a.time_image_id));
        // As in DynamoDB, a page is cut before it is filtered, and a full page has a next one, which can be empty.
        let next = (rows.len() >= PAGE).then(|| rows.get(PAGE - 1).map(|row| row.time_image_id.clone())).flatten();
        rows.truncate(PAGE);
        rows.retain(|row| row.confidence >= range.min_confidence && (range.withheld || !row.withheld));
        Ok(RowPage { rows: rows.into_iter().cloned().collect(), next })
    }

    async fn existing_rows(&self, keys: &[RowKey]) -> Result<Vec<RowKey>, StorageError> {
        let contents = self.contents();
        let there = |key: &&RowKey| contents.label_index.contains_key(&(key.owner_label_month.clone(), key.time_image_id.clone()));
        Ok(keys.iter().filter(there).cloned().collect())
    }

    async fn rows_of_image(&self, image_id: &str) -> Result<Vec<RowKey>, StorageError> {
        let contents = self.contents();
        let rows = contents.label_index.values().filter(|row| row.image_id == image_id);
        Ok(rows.map(key).collect())
    }

    async fn delete_rows(&self, keys: &[RowKey]) -> Result<(), StorageError> {
        let mut contents = self.contents();
        for key in keys {
            contents.label_index.remove(&(key.owner_label_month.clone(), key.time_image_id.clone()));
        }
        Ok(())
    }
}
