//! Unavailable services: the error names meanwhile, and no repeated effects afterwards.

use crate::{
    function::{Function, Settings},
    image::Image,
    local_stack::LocalStack,
};
use sightline_domain::model::ProcessingStatus;

/// A closed port.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Injected: DynamoDB refuses every connection, then accepts them.
/// Seen: Storage.Unavailable, which the state machine retries; afterwards the record is COMPLETED, with its rows.
#[tokio::test]
async fn row_23_an_unavailable_table_is_reported_by_a_retried_error() {
    let local = LocalStack::default_stage().await;
    let image = Image::claimed(&local).await;
    let input = image.input(&local, "store-record");
    let mut settings = local.settings("store-record");
    settings.push(("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE));
    let (error, message) = Function::start("store-record", &settings).error(&input);
    assert_eq!(error, "Storage.Unavailable", "{message}");
    assert_eq!(local.record(&image.id).await.processing_status, ProcessingStatus::Pending);
    local.function("store-record").result(&input);
    assert_eq!(local.record(&image.id).await.processing_status, ProcessingStatus::Completed);
    image.clean(&local).await;
}

/// Injected: SNS refuses every connection, then the topic does not exist, then publishing succeeds.
/// Seen: Alert.Unavailable and Alert.Misconfigured; afterwards one message, and no second one from a repeated step.
#[tokio::test]
async fn row_26_an_alert_that_sns_refused_is_sent_once_when_it_is_back() {
    let local = LocalStack::default_stage().await;
    let image = Image::fresh();
    let input = image.input(&local, "send-alert");
    let mut down = local.settings("send-alert");
    down.push(("AWS_ENDPOINT_URL_SNS", NOWHERE));
    let gone: Settings<'_> = vec![("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-1:000000000000:no-such-topic")];
    for (settings, expected) in [(down, "Alert.Unavailable"), (gone, "Alert.Misconfigured")] {
        let (error, message) = Function::start("send-alert", &settings).error(&input);
        assert_eq!(error, expected, "{message}");
    }
    let mut function = local.function("send-alert");
    let sent = function.result(&input);
    assert_eq!(function.result(&input), sent);
    image.clean(&local).await;
}
