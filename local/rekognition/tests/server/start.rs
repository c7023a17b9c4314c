//! Start, stop, and images in S3. The S3 here is a fake with three objects; the end-to-end tests use the local AWS.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Server, command, grey, in_s3, sample};
use aws_sdk_rekognition::{
    error::ProvideErrorMetadata,
    operation::detect_labels::DetectLabelsError as E,
    types::{Image, S3Object},
};
use axum::{
    Router,
    extract::{Path, RawQuery},
    http::StatusCode,
    routing::get,
};
use serde_json::json;

#[test]
fn a_failed_start_says_why_and_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = command(port, &["--models", "/nonexistent"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains(&format!("127.0.0.1:{port}")) && error.contains("--port"), "{error}");

    let output = command(0, &["--models", "/nonexistent"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(error.contains("/nonexistent") && error.contains("make models"), "{error}");
}

#[tokio::test]
async fn a_stop_waits_for_running_calls() {
    let mut server = Server::start(&[]);
    assert_eq!(server.http("GET", "/health", &[], b""), (200, r#"{"status":"ok"}"#.to_owned()));
    server.fault(&json!({"operation": "*", "mode": "slow", "delayMs": 1000}));
    let call = tokio::spawn(server.client().detect_labels().image(crate::inline(grey(100, 100))).send());
    tokio::time::sleep(Duration::from_millis(300)).await;

    let killed = Command::new("kill").arg(server.id().to_string()).stdout(Stdio::null()).status().unwrap();
    assert!(killed.success());

    call.await.unwrap().expect("the running call is answered");
    let start = Instant::now();
    while !server.has_ended() {
        assert!(start.elapsed() < Duration::from_secs(6));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Serves `bucket/photo ä+b.jpg`, `bucket/heavy` (one byte over the limit) and, only as version `v1`, `bucket/old`.
async fn fake_s3() -> String {
    let object = async |Path(key): Path<String>, RawQuery(query): RawQuery| match key.as_str() {
        "photo ä+b.jpg" => (StatusCode::OK, sample("coffee.jpg")),
        "heavy" => (StatusCode::OK, vec![0; 15 * 1024 * 1024 + 1]),
        "old" if query.is_some_and(|query| query.contains("versionId=v1")) => (StatusCode::OK, sample("coffee.jpg")),
        "forbidden" => (StatusCode::FORBIDDEN, b"<Error><Code>AccessDenied</Code></Error>".to_vec()),
        _ => (StatusCode::NOT_FOUND, b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/bucket/{*key}", get(object))).await });
    endpoint
}

#[tokio::test]
async fn images_are_read_from_s3() {
    let endpoint = fake_s3().await;
    let server = Server::start(&["--s3-endpoint", &endpoint]);
    let client = server.client();
    let ask = |image: Image| client.detect_labels().image(image).send();
    let version = |id: &str| Image::builder().s3_object(S3Object::builder().bucket("bucket").name("old").version(id).build()).build();

    assert!(!ask(in_s3("bucket", "photo ä+b.jpg")).await.unwrap().labels().is_empty());
    assert!(!ask(version("v1")).await.unwrap().labels().is_empty());
    for image in [in_s3("bucket", "missing"), in_s3("nowhere", "photo.jpg"), in_s3("bucket", "forbidden"), version("v2")] {
        let error = ask(image).await.unwrap_err().into_service_error();
        assert!(matches!(error, E::InvalidS3ObjectException(_)), "{error:?}");
        assert_eq!(error.message(), Some("Unable to get object metadata from S3. Check object key, region and/or access permissions."));
    }
    let heavy = ask(in_s3("bucket", "heavy")).await.unwrap_err().into_service_error();
    assert!(matches!(heavy, E::ImageTooLargeException(_)), "{heavy:?}");
    assert_eq!(server.calls("DetectLabels", "photo"), [1, 1, 0, 0]);
    assert_eq!(server.calls("DetectLabels", ""), [2, 5, 0, 0]);
}

#[tokio::test]
async fn an_unreachable_s3_is_a_server_error_that_clients_retry() {
    let server = Server::start(&["--s3-endpoint", "http://127.0.0.1:1"]);
    let error = server.client().detect_labels().image(in_s3("bucket", "photo.jpg")).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InternalServerError"));
}
