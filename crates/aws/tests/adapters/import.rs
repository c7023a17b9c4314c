//! Imports: looking at objects of other buckets, copying them, and what Map Runs tell.

use crate::replay::{Answer, Replay, json_error, ok, s3, xml_error};
use serde_json::json;
use sightline_aws::stepfunctions::{BulkImports, MapRun, Started};
use sightline_domain::{
    model::{
        error::StepError,
        identity::{ObjectRef, Upload},
        import::ListedObject,
    },
    ports::{ImportSource, ObjectFacts},
};

const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:bulk-import";

async fn imports(replay: &Replay) -> BulkImports {
    BulkImports::new(aws_sdk_sfn::Client::new(&replay.config().await), MACHINE)
}

fn photo() -> ListedObject {
    ListedObject { bucket: "photos".into(), key: "2019/a b+ü.jpg".into(), version_id: Some("v1".into()), etag: "e1".into() }
}

fn facts() -> ObjectFacts {
    ObjectFacts {
        etag: "e1".into(),
        version_id: Some("v1".into()),
        size: 7,
        last_modified: 0,
        content_type: Some("image/jpeg".into()),
        name: None,
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

#[tokio::test]
async fn facts_are_read_by_a_head_request_for_the_version() {
    let known = [
        ("content-length", "7"),
        ("etag", "\"e1\""),
        ("x-amz-version-id", "v1"),
        ("content-type", "image/jpeg"),
        ("x-amz-meta-filename", "Gr%C3%BC%C3%9Fe.jpg"),
    ];
    let replay = Replay::new([Answer::Http(200, headers(&known), vec![])]);
    let named = ObjectFacts { name: Some("Gr%C3%BC%C3%9Fe.jpg".into()), ..facts() };
    assert_eq!(s3(&replay).await.facts(photo().reference()).await.unwrap(), Some(named));
    let asked = replay.only();
    assert_eq!(asked.method, "HEAD");
    assert!(asked.uri.contains("versionId=v1"), "{}", asked.uri);
}

#[tokio::test]
async fn a_missing_source_is_none_and_errors_have_our_names() {
    // Answers to HEAD have no body.
    let cases =
        [(404, None), (405, None), (403, Some("Import.Denied")), (301, Some("Storage.Misconfigured")), (503, Some("Storage.Unavailable"))];
    for (status, name) in cases {
        let replay = Replay::new([Answer::Http(status, vec![], vec![])]);
        let looked = s3(&replay).await.facts(photo().reference()).await;
        match name {
            None => assert_eq!(looked.unwrap(), None, "{status}"),
            Some(name) => assert_eq!(looked.unwrap_err().name(), name, "{status}"),
        }
    }
}

#[tokio::test]
async fn a_denied_source_that_is_not_listed_is_missing() {
    let listing = ok("<?xml version=\"1.0\"?><ListBucketResult><Prefix>p</Prefix></ListBucketResult>");
    let versions = ok("<?xml version=\"1.0\"?><ListVersionsResult></ListVersionsResult>");
    for (version_id, listed) in [(None, listing), (Some("v1"), versions)] {
        let replay = Replay::new([Answer::Http(403, vec![], vec![]), listed]);
        assert_eq!(s3(&replay).await.facts(ObjectRef { version_id, ..photo().reference() }).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_copy_is_conditional_on_the_entity_tag_and_records_its_source() {
    let body = r#"<?xml version="1.0"?><CopyObjectResult><ETag>"e2"</ETag></CopyObjectResult>"#;
    let replay = Replay::new([Answer::Http(200, headers(&[("x-amz-version-id", "v7")]), body.into())]);

    let upload = s3(&replay).await.copy_here(&photo(), &facts(), "images", "raw-uploads/anna/x.jpg").await.unwrap();

    let expected =
        Upload { bucket: "images".into(), key: "raw-uploads/anna/x.jpg".into(), version_id: Some("v7".into()), etag: "e2".into() };
    assert_eq!(upload, expected);
    let asked = replay.only();
    for (name, value) in [
        ("x-amz-copy-source", "photos/2019/a%20b%2B%C3%BC.jpg?versionId=v1"),
        ("x-amz-copy-source-if-match", "\"e1\""),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-source", "s3://photos/2019/a%20b%2B%C3%BC.jpg"),
        ("x-amz-meta-filename", "a b+%C3%BC.jpg"),
        ("x-amz-tagging-directive", "REPLACE"),
        ("content-type", "image/jpeg"),
    ] {
        assert_eq!(asked.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_copy_keeps_the_file_name_of_its_source_within_the_metadata_limit() {
    let body = r#"<?xml version="1.0"?><CopyObjectResult><ETag>"e2"</ETag></CopyObjectResult>"#;
    let long = ListedObject { key: format!("{}/x.jpg", "ü".repeat(500)), ..photo() };
    for (name, expected) in
        [("Gr%C3%BC%C3%9Fe.jpg".to_owned(), "Gr%C3%BC%C3%9Fe.jpg".to_owned()), ("%C3%BC".repeat(400), "%C3%BC".repeat(150))]
    {
        let replay = Replay::new([Answer::Http(200, vec![], body.into())]);
        let named = ObjectFacts { name: Some(name), ..facts() };
        s3(&replay).await.copy_here(&long, &named, "images", "raw-uploads/anna/x.jpg").await.unwrap();
        let asked = replay.only();
        let [source, name] = ["x-amz-meta-source", "x-amz-meta-filename"].map(|header| asked.header(header).unwrap());
        assert!(name.starts_with(&expected) || expected.starts_with(name), "{name}");
        assert!("source".len() + source.len() + "filename".len() + name.len() <= 2_048, "S3 takes 2 KB of metadata");
    }
}

#[tokio::test]
async fn copy_errors_have_our_names() {
    let cases = [
        (xml_error(404, "NoSuchKey"), "Import.SourceMissing"),
        (xml_error(412, "PreconditionFailed"), "Import.SourceMissing"),
        (xml_error(403, "AccessDenied"), "Import.Denied"),
        (xml_error(503, "SlowDown"), "Storage.Unavailable"),
        (xml_error(400, "InvalidRequest"), "Storage.Misconfigured"),
    ];
    for (answer, name) in cases {
        let replay = Replay::new([answer]);
        let refused = s3(&replay).await.copy_here(&photo(), &facts(), "images", "raw-uploads/anna/x.jpg").await.unwrap_err();
        assert_eq!(refused.name(), name);
    }
}

#[tokio::test]
async fn an_import_is_started_by_name_and_a_taken_name_is_reported() {
    let replay = Replay::new([ok(json!({"executionArn": "arn", "startDate": 1.0}).to_string())]);
    assert_eq!(imports(&replay).await.start("import-1", "{}").await.unwrap(), Started::Yes("arn".into()));
    let asked = replay.only().json();
    assert_eq!((&asked["name"], &asked["stateMachineArn"]), (&json!("import-1"), &json!(MACHINE)));

    let taken = Replay::new([json_error(400, "ExecutionAlreadyExists")]);
    assert_eq!(imports(&taken).await.start("import-1", "{}").await.unwrap(), Started::NameTaken);
}

#[tokio::test]
async fn the_maximum_concurrency_is_read_from_the_definition() {
    let definition = json!({"States": {"ImportImages": {"Type": "Map", "MaxConcurrency": 12}}}).to_string();
    let described =
        json!({"stateMachineArn": MACHINE, "name": "n", "definition": definition, "roleArn": "r", "type": "STANDARD", "creationDate": 1.0});
    let replay = Replay::new([ok(described.to_string())]);
    assert_eq!(imports(&replay).await.max_concurrency().await.unwrap(), Some(12));
}

#[tokio::test]
async fn a_map_run_is_counted_and_its_concurrency_limited() {
    let counts =
        json!({"pending": 5, "running": 2, "succeeded": 7, "failed": 1, "timedOut": 1, "aborted": 1, "total": 17, "resultsWritten": 0});
    let listed = json!({"mapRuns": [{"executionArn": "e", "mapRunArn": "m", "stateMachineArn": MACHINE, "startDate": 1.0}]});
    let described = json!({"mapRunArn": "m", "executionArn": "e", "status": "RUNNING", "startDate": 1.0, "maxConcurrency": 20,
        "toleratedFailurePercentage": 5.0, "toleratedFailureCount": 0, "itemCounts": counts, "executionCounts": counts});
    let replay = Replay::new([ok(listed.to_string()), ok(described.to_string()), ok("{}")]);
    let imports = imports(&replay).await;

    let run = imports.map_run("e").await.unwrap();

    assert_eq!(run, Some(MapRun { arn: "m".into(), total: 17, pending: 5, running: 2, succeeded: 7, failed: 3 }));
    imports.set_max_concurrency("m", 4).await.unwrap();
    assert_eq!(replay.asked().last().unwrap().json(), json!({"mapRunArn": "m", "maxConcurrency": 4}));
    let none = Replay::new([ok(json!({"mapRuns": []}).to_string())]);
    assert_eq!(self::imports(&none).await.map_run("e").await.unwrap(), None);
}

#[tokio::test]
async fn failed_items_are_listed_with_object_and_reason() {
    let child = json!({"executionArn": "c", "stateMachineArn": MACHINE, "name": "c", "status": "FAILED", "startDate": 1.0});
    let input =
        json!({"Bucket": "photos", "Key": "2019/a%20b%2B%C3%BC.jpg", "VersionId": "v1", "ETag": "e1", "OwnerID": "anna"}).to_string();
    let detail = json!({"executionArn": "c", "stateMachineArn": MACHINE, "name": "c", "status": "FAILED", "startDate": 1.0, "input": input,
        "error": "Import.SourceMissing", "cause": "{\"errorMessage\": \"gone\"}"});
    let none = json!({"executions": []}).to_string();
    let replay = Replay::new([ok(json!({"executions": [child]}).to_string()), ok(detail.to_string()), ok(none.clone()), ok(none)]);

    let failures = imports(&replay).await.failures("m", 10).await.unwrap();

    assert_eq!(failures.len(), 1);
    assert_eq!((&failures[0].object, failures[0].error.as_str()), (&photo(), "Import.SourceMissing"));
    let asked = replay.asked()[0].json();
    assert_eq!(asked, json!({"mapRunArn": "m", "statusFilter": "FAILED"}));
}
