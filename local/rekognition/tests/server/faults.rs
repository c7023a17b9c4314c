//! Planned faults, counts, the quota and the bounded queue.

use std::time::{Duration, Instant};

use crate::{Server, grey, in_s3, inline, sample};
use aws_sdk_rekognition::{
    error::{ProvideErrorMetadata, SdkError},
    operation::detect_labels::DetectLabelsError as E,
};
use serde_json::json;

#[tokio::test]
async fn planned_faults_happen_and_are_counted() {
    let server = Server::start(&[]);
    planned_errors_have_rekognitions_names(&server).await;
    hanging_calls_block_no_other_calls(&server).await;
    responses_can_be_invalid_late_or_given(&server).await;
    faults_can_be_listed_and_removed(&server);
    invalid_faults_are_rejected(&server);
    calls_beyond_the_quota_are_throttled(&server).await;
}

async fn planned_errors_have_rekognitions_names(server: &Server) {
    let modes = [
        ("throttle", "ThrottlingException"),
        ("provisioned-throughput", "ProvisionedThroughputExceededException"),
        ("internal", "InternalServerError"),
        ("access-denied", "AccessDeniedException"),
        ("invalid-s3-object", "InvalidS3ObjectException"),
        ("invalid-parameter", "InvalidParameterException"),
        ("invalid-image-format", "InvalidImageFormatException"),
        ("image-too-large", "ImageTooLargeException"),
    ];
    let image = || in_s3("bucket", "processed/names/image.jpg");
    for (mode, name) in modes {
        server.fault(&json!({"operation": "DetectLabels", "image": "/names/", "mode": mode, "times": 1}));
        let error = server.client().detect_labels().image(image()).send().await.unwrap_err();
        let status = error.raw_response().unwrap().status().as_u16();
        assert_eq!(status, if mode == "internal" { 500 } else { 400 });
        let error = error.into_service_error();
        assert_eq!(error.code(), Some(name));
        #[allow(deprecated)]
        let known = !matches!(error, E::Unhandled(_));
        assert!(known, "the SDK knows {name}");
    }
    assert_eq!(server.calls("DetectLabels", "/names/"), [0, 5, 2, 1]);
    assert_eq!(server.calls("DetectLabels", "/other/"), [0; 4]);
    assert_eq!(server.calls("DetectText", "/names/"), [0; 4]);
}

async fn hanging_calls_block_no_other_calls(server: &Server) {
    server.fault(&json!({"operation": "DetectLabels", "image": "hang", "mode": "hang", "times": 20}));
    let hanging = (0..20).map(|_| {
        let call = server.client_with_timeout(Duration::from_secs(5)).detect_labels().image(in_s3("b", "hang"));
        tokio::spawn(call.send())
    });
    let hanging: Vec<_> = hanging.collect();
    tokio::time::sleep(Duration::from_millis(300)).await;

    server.client().detect_faces().image(inline(grey(100, 100))).send().await.expect("other calls are served");
    assert!(hanging.iter().all(|call| !call.is_finished()), "the other call was answered first");

    for call in hanging {
        assert!(matches!(call.await.unwrap().unwrap_err(), SdkError::TimeoutError(_)));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.calls("DetectLabels", "hang"), [0, 0, 0, 20]);
}

async fn responses_can_be_invalid_late_or_given(server: &Server) {
    let ask = || server.client().detect_labels().image(inline(grey(100, 100)));
    let [before, ..] = server.calls("DetectLabels", "");

    server.fault(&json!({"operation": "*", "mode": "bad-json", "times": 1}));
    let unreadable = ask().send().await.unwrap_err();
    assert_eq!(unreadable.raw_response().unwrap().status().as_u16(), 200);
    assert_eq!(unreadable.code(), None, "rubbish has no name: {unreadable:?}");

    server.fault(&json!({"operation": "*", "mode": "close", "times": 1}));
    assert!(matches!(ask().send().await.unwrap_err(), SdkError::DispatchFailure(_)));

    server.fault(&json!({"operation": "*", "mode": "slow", "delayMs": 700, "times": 1}));
    let start = Instant::now();
    ask().send().await.expect("a late response");
    assert!(start.elapsed() >= Duration::from_millis(700));

    server.fault(&json!({"operation": "*", "mode": "answer", "times": 1, "body": r#"{"Labels":[{"Name":"Weapon","Confidence":99.0}]}"#}));
    let given = ask().send().await.unwrap();
    assert_eq!(given.labels()[0].name(), Some("Weapon"));

    let [after, ..] = server.calls("DetectLabels", "");
    assert_eq!(after - before, 2, "the late and the given response; an invalid one is a failure");
}

fn faults_can_be_listed_and_removed(server: &Server) {
    let first = server.fault(&json!({"operation": "DetectText", "image": "/x/", "mode": "throttle"}));
    server.fault(&json!({"operation": "*", "mode": "hang", "times": 3}));
    let list = || serde_json::from_str::<serde_json::Value>(&server.http("GET", "/admin/faults", &[], b"").1).unwrap();
    assert_eq!(list().as_array().unwrap().len(), 2);
    assert_eq!(list()[0], json!({"id": first, "operation": "DetectText", "image": "/x/", "mode": "throttle", "matched": 0, "hit": 0}));

    assert_eq!(server.http("DELETE", &format!("/admin/faults/{first}"), &[], b"").0, 204);
    assert_eq!(server.http("DELETE", &format!("/admin/faults/{first}"), &[], b"").0, 404);
    assert_eq!(server.http("DELETE", "/admin/faults", &[], b"").0, 204);
    assert_eq!(list(), json!([]));
}

fn invalid_faults_are_rejected(server: &Server) {
    for plan in [
        r#"{"operation":"*","mode":"explode"}"#,
        r#"{"operation":"*","mode":"slow"}"#,
        r#"{"mode":"hang"}"#,
        r#"{"operation":"*","mode":"hang","share":2}"#,
        "{",
    ] {
        let (status, body) = server.http("POST", "/admin/faults", &[("content-type", "application/json")], plan.as_bytes());
        assert!((400..500).contains(&status) && body.contains("error"), "{plan}: {status} {body}");
    }
}

async fn calls_beyond_the_quota_are_throttled(server: &Server) {
    let put = |quota: &str| server.http("PUT", "/admin/rate", &[("content-type", "application/json")], quota.as_bytes()).0;
    for wrong in ["{}", r#"{"perSecond":0}"#, r#"{"perSecond":-1}"#, r#"{"perSecond":5,"over":"some"}"#] {
        assert!((400..500).contains(&put(wrong)), "{wrong}");
    }
    assert_eq!(put(r#"{"perSecond":2,"over":"all"}"#), 200);
    server.fault(&json!({"operation": "*", "image": "/rate/", "mode": "answer", "body": "{}"}));

    let ask = || server.client().detect_labels().image(in_s3("bucket", "processed/rate/image.jpg")).send();
    let mut codes = Vec::new();
    for answer in [ask().await, ask().await, ask().await, ask().await] {
        codes.extend(answer.err().map(|error| error.code().unwrap().to_owned()));
    }

    assert_eq!(codes, ["ProvisionedThroughputExceededException", "ThrottlingException"]);
    let in_force: serde_json::Value = serde_json::from_str(&server.http("GET", "/admin/rate", &[], b"").1).unwrap();
    assert_eq!(in_force, json!({"perSecond": 2, "over": "all", "throttled": 2}));
    assert_eq!(server.calls("DetectLabels", "/rate/"), [2, 0, 2, 0]);
    assert_eq!(server.http("DELETE", "/admin/rate", &[], b"").0, 204);
    ask().await.expect("the quota is removed");
}

/// With more calls than can be processed in time, some are answered, the others are throttled at once, and none fails otherwise.
#[tokio::test]
async fn an_overload_is_throttled_at_once() {
    let server = Server::start(&[]);
    let page = sample("printed-page.png");
    let start = Instant::now();
    let calls: Vec<_> = (0..40).map(|_| tokio::spawn(server.client().detect_text().image(inline(page.clone())).send())).collect();

    let (mut answered, mut throttled) = (0, Vec::new());
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => answered += 1,
            Err(error) => {
                assert_eq!(error.code(), Some("ThrottlingException"), "{error:?}");
                throttled.push(start.elapsed());
            }
        }
    }

    assert!(answered >= 5 && !throttled.is_empty(), "{answered} answered");
    assert_eq!(server.calls("DetectText", ""), [answered, 0, throttled.len() as u64, 0]);
}
