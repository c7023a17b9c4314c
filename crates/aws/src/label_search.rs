//! Looks images up by what is in them: the table `LabelIndex`, one month after the other, newest first.

use crate::classify::storage;
use aws_sdk_dynamodb::{
    Client,
    types::AttributeValue::{Bool, N, S},
};
use sightline_domain::{
    clock::EpochMillis,
    error::StorageError,
    label_index::{LabelRow, month, partition},
};

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// Whose images.
    pub owner_id: &'a str,
    /// A label, alias, parent or word; case does not matter.
    pub term: &'a str,
    /// Percent; rows below are left out.
    pub min_confidence: f64,
    /// Whether images that must not be shown are found, too.
    pub withheld: bool,
    /// Images uploaded at this moment or later.
    pub since: EpochMillis,
    /// Images uploaded at this moment or before.
    pub until: EpochMillis,
    /// At most this many rows.
    pub limit: usize,
}

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

    /// The rows that fit, newest first.
    pub async fn search(&self, search: &Search<'_>) -> Result<Vec<LabelRow>, StorageError> {
        let mut found = Vec::new();
        for month in months_back(search.since, search.until) {
            self.search_month(search, &month, &mut found).await?;
            if found.len() >= search.limit {
                found.truncate(search.limit);
                break;
            }
        }
        Ok(found)
    }

    async fn search_month(&self, search: &Search<'_>, month: &str, found: &mut Vec<LabelRow>) -> Result<(), StorageError> {
        const DOING: &str = "searching the label index";
        let mut next = None;
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("OwnerLabelMonth = :partition AND TimeImageID BETWEEN :since AND :until")
                .expression_attribute_values(":partition", S(partition(search.owner_id, search.term, month)))
                .expression_attribute_values(":since", S(format!("{:013}", search.since.max(0))))
                // '~' sorts behind every character of an image's id.
                .expression_attribute_values(":until", S(format!("{:013}#~", search.until)))
                .expression_attribute_values(":confidence", N(search.min_confidence.to_string()))
                .filter_expression(filter(search.withheld))
                .scan_index_forward(false)
                .set_exclusive_start_key(next);
            if !search.withheld {
                query = query.expression_attribute_values(":true", Bool(true)).expression_attribute_names("#withheld", "Withheld");
            }
            let page = query.send().await.map_err(|error| storage(DOING, error))?;
            let rows: Vec<LabelRow> = serde_dynamo::from_items(page.items.unwrap_or_default())
                .map_err(|source| StorageError::Misconfigured { doing: DOING, source: source.into() })?;
            found.extend(rows);
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() || found.len() >= search.limit {
                return Ok(());
            }
        }
    }
}

const fn filter(withheld: bool) -> &'static str {
    if withheld { "Confidence >= :confidence" } else { "Confidence >= :confidence AND #withheld <> :true" }
}

/// The months from `until` back to `since`, newest first.
fn months_back(since: EpochMillis, until: EpochMillis) -> Vec<String> {
    const DAY: EpochMillis = sightline_domain::clock::DAY_MILLIS;
    let mut months = vec![month(until)];
    let mut day = until;
    while day > since {
        day = (day - DAY).max(since);
        let earlier = month(day);
        if months.last() != Some(&earlier) {
            months.push(earlier);
        }
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_over_the_turn_of_the_year_and_skip_none() {
        let (until, since) = (1_772_323_200_000, 1_764_547_199_000); // 2026-03-01T00:00:00Z, 2025-11-30T23:59:59Z
        assert_eq!(months_back(since, until), ["2026-03", "2026-02", "2026-01", "2025-12", "2025-11"]);
    }

    #[test]
    fn a_span_within_a_month_is_one_query() {
        assert_eq!(months_back(1_772_323_200_000, 1_772_323_200_000), ["2026-03"]);
    }
}
