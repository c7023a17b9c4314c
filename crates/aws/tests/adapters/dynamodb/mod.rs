//! DynamoDB: the requests, and the meaning of its responses (fault matrix, rows 1, 2, 22, 23, 28 to 30, 33).

use crate::replay::Answer;
use serde_json::{Value, json};
use sightline_domain::{model::Record, rules::merge::merge};
use sightline_tests::samples::{NOW, claimed, findings};

mod counters;
mod gallery;
mod label_index;
mod overlays;
mod records;
mod reviews;
mod work_queues;

fn completed() -> Record {
    merge(claimed(), serde_json::from_value(findings()).unwrap(), NOW, 730)
}

fn canceled(reasons: &Value) -> Answer {
    let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "Transaction cancelled", "CancellationReasons": reasons});
    Answer::Http(400, vec![("content-type", "application/x-amz-json-1.0".into())], body.to_string().into())
}
