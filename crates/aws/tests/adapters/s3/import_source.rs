//! The port [`ImportSource`].

use crate::replay::{Answer, Replay, ok, s3, xml_error};
use sightline_domain::{
    model::{ListedObject, ObjectRef, StepError, Upload},
    ports::{ImportSource, ObjectFacts},
};

pub fn photo() -> ListedObject {
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
    let sent = replay.only();
    assert_eq!(sent.method, "HEAD");
    assert!(sent.uri.contains("versionId=v1"), "{}", sent.uri);
}

#[tokio::test]
async fn a_missing_source_is_none_and_errors_have_our_names() {
    // Responses to HEAD have no body.
    let cases =
        [(404, None), (405, None), (403, Some("Import.Denied")), (301, Some("Storage.Misconfigured")), (503, Some("Storage.Unavailable"))];
    for (status, name) in cases {
        let replay = Replay::new([Answer::Http(status, vec![], vec![])]);
        let found = s3(&replay).await.facts(photo().reference()).await;
        match name {
            None => assert_eq!(found.unwrap(), None, "{status}"),
            Some(name) => assert_eq!(found.unwrap_err().name(), name, "{status}"),
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
    let sent = replay.only();
    for (name, value) in [
        ("x-amz-copy-source", "photos/2019/a%20b%2B%C3%BC.jpg?versionId=v1"),
        ("x-amz-copy-source-if-match", "\"e1\""),
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-source", "s3://photos/2019/a%20b%2B%C3%BC.jpg"),
        ("x-amz-meta-filename", "a b+%C3%BC.jpg"),
        ("x-amz-tagging-directive", "REPLACE"),
        ("content-type", "image/jpeg"),
    ] {
        assert_eq!(sent.header(name), Some(value), "{name}");
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
        let sent = replay.only();
        let [source, name] = ["x-amz-meta-source", "x-amz-meta-filename"].map(|header| sent.header(header).unwrap());
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
