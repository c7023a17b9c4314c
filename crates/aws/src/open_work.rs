//! The queues of open work, counted: what is being analysed, waits for a review, or failed.

use crate::{classify::storage, reviews::open_reviews};
use aws_sdk_dynamodb::{
    Client,
    operation::query::builders::QueryFluentBuilder,
    types::{
        AttributeValue::{self, S},
        Select,
    },
};
use sightline_domain::{clock::EpochMillis, error::StorageError, rejection::ReasonCode};
use std::collections::HashMap;

const INDEX: &str = "WorkQueueIndex";
const DOING: &str = "counting the open work";

/// How much is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenWork {
    /// Images that are being analysed.
    pub in_flight: u64,
    /// Images that wait for a decision.
    pub in_review: u64,
    /// When the oldest of those decisions was asked for.
    pub oldest_in_review: Option<EpochMillis>,
    /// Images whose execution failed and that can be run again.
    pub failed: u64,
    /// Images that were rejected and are kept.
    pub rejected: u64,
}

impl OpenWork {
    /// Counts in the table of the records. It reads the index over open work, which holds nothing that is COMPLETED.
    pub async fn count(client: &Client, table: &str) -> Result<Self, StorageError> {
        let queue = |name: &str| {
            let query = client.query().table_name(table).index_name(INDEX).key_condition_expression("WorkQueue = :queue");
            query.expression_attribute_values(":queue", S(name.to_owned()))
        };
        let rejected = count(rejected(queue("FAILED"))).await?;
        let reviews = open_reviews(client, table).await?;
        Ok(Self {
            in_flight: count(queue("PENDING")).await?,
            in_review: u64::try_from(reviews.length).unwrap_or(u64::MAX),
            oldest_in_review: reviews.oldest_request,
            failed: count(queue("FAILED")).await?.saturating_sub(rejected),
            rejected,
        })
    }
}

fn rejected(mut query: QueryFluentBuilder) -> QueryFluentBuilder {
    let codes: Vec<String> = (0..ReasonCode::ALL.len()).map(|place| format!(":code{place}")).collect();
    for (placeholder, code) in codes.iter().zip(ReasonCode::ALL) {
        query = query.expression_attribute_values(placeholder, S(code.as_str().to_owned()));
    }
    query.filter_expression(format!("StatusReason IN ({})", codes.join(", ")))
}

async fn count(query: QueryFluentBuilder) -> Result<u64, StorageError> {
    let (mut total, mut next) = (0, None::<HashMap<String, AttributeValue>>);
    loop {
        let page = query.clone().select(Select::Count).set_exclusive_start_key(next).send().await;
        let page = page.map_err(|error| storage(DOING, error))?;
        total += u64::try_from(page.count).unwrap_or_default();
        next = page.last_evaluated_key.filter(|key| !key.is_empty());
        if next.is_none() {
            return Ok(total);
        }
    }
}
