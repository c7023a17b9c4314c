//! SNS: the message with its attributes, and the meaning of errors.

use crate::replay::{Answer, Replay, ok, xml_error};
use sightline_aws::Topic;
use sightline_domain::{
    model::{AlertError, StepError},
    ports::Alerts,
    rules::alert::{AlertMessage, Attribute},
};

async fn publish(replay: &Replay) -> Result<String, AlertError> {
    let topic = Topic::new(aws_sdk_sns::Client::new(&replay.config().await), "arn:aws:sns:eu-west-1:123456789012:alerts");
    let message = AlertMessage {
        subject: "sightline: Gun".into(),
        body: "body".into(),
        attributes: vec![
            ("Kind", Attribute::Text("CONCERN".into())),
            ("WatchedLabels", Attribute::List(vec!["Gun".into(), "A \"b\"".into()])),
        ],
    };
    topic.publish(&message).await
}

fn published() -> Answer {
    ok(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>id-1</MessageId></PublishResult></PublishResponse>",
    )
}

/// As SNS writes errors.
fn error(status: u16, code: &str) -> Answer {
    match xml_error(status, code) {
        Answer::Http(status, headers, body) => {
            let body = String::from_utf8(body).unwrap().replace("<?xml version=\"1.0\"?>", "");
            Answer::Http(status, headers, format!("<ErrorResponse>{body}</ErrorResponse>").into())
        }
        other => other,
    }
}

#[tokio::test]
async fn subject_body_and_attributes_are_sent_and_the_message_id_is_returned() {
    let replay = Replay::new([published()]);
    assert_eq!(publish(&replay).await.unwrap(), "id-1");
    let body = String::from_utf8(replay.only().body).unwrap();
    for part in [
        "Action=Publish",
        "TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aalerts",
        "Subject=sightline%3A%20Gun",
        "Message=body",
        "Value.DataType=String&",
        "Value.DataType=String.Array",
        "Value.StringValue=CONCERN",
        "Value.StringValue=%5B%22Gun%22%2C%22A%20%5C%22b%5C%22%22%5D",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
}

/// Injected: each of the errors that SNS documents, and a broken connection.
/// Seen: Alert.Unavailable for transient errors, Alert.Misconfigured for the others.
#[tokio::test]
async fn row_26_sns_errors_have_our_names() {
    let cases = [
        (error(400, "Throttling"), "Alert.Unavailable"),
        (error(429, "Throttled"), "Alert.Unavailable"),
        (error(500, "InternalError"), "Alert.Unavailable"),
        (error(503, "ServiceUnavailable"), "Alert.Unavailable"),
        (error(400, "KMSThrottling"), "Alert.Unavailable"),
        (Answer::Broken, "Alert.Unavailable"),
        (error(404, "NotFound"), "Alert.Misconfigured"),
        (error(403, "AuthorizationError"), "Alert.Misconfigured"),
        (error(400, "InvalidParameter"), "Alert.Misconfigured"),
        (error(400, "KMSDisabled"), "Alert.Misconfigured"),
    ];
    for (answer, name) in cases {
        let case = format!("{answer:?}");
        assert_eq!(publish(&Replay::new([answer])).await.unwrap_err().name(), name, "{case}");
    }
}
