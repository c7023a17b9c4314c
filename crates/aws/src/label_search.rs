//! The table `LabelIndex` behind the port that reads it for searches.

use crate::classify::storage;
use aws_sdk_dynamodb::{
    Client,
    types::AttributeValue::{self, Bool, N, S},
};
use sightline_domain::{
    error::StorageError,
    search::{LabelRowReader, Range, RowPage},
};
use std::collections::HashMap;

/// Rows looked at for a page. A term that is searched with others may skip the rest; all rows of a page are paid for.
const ROWS_AT_ONCE: i32 = 200;

/// The table `LabelIndex`.
#[derive(Debug, Clone)]
pub struct LabelSearch {
    client: Client,
    table: String,
}

impl LabelSearch {
    /// Over an SDK client.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }
}

impl LabelRowReader for LabelSearch {
    async fn page(&self, range: Range<'_>) -> Result<RowPage, StorageError> {
        const DOING: &str = "searching the label index";
        let start = range.after.map(|after| {
            let key = |name: &str, value: &str| (name.to_owned(), S(value.to_owned()));
            HashMap::from([key("OwnerLabelMonth", range.partition), key("TimeImageID", after)])
        });
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
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
        let rows = serde_dynamo::from_items(page.items.unwrap_or_default())
            .map_err(|source| StorageError::Misconfigured { doing: DOING, source: source.into() })?;
        Ok(RowPage { rows, next })
    }
}

fn text(value: AttributeValue) -> Option<String> {
    if let S(text) = value { Some(text) } else { None }
}

const fn filter(withheld: bool) -> &'static str {
    if withheld { "Confidence >= :confidence" } else { "Confidence >= :confidence AND #withheld <> :true" }
}
