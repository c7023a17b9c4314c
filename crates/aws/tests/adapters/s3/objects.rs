//! The port [`Objects`].

use super::{ENCODED, IMAGE, upload};
use crate::replay::{Answer, Replay, ok, s3, xml_error};
use sightline_domain::{
    model::{ObjectRef, StepError, StorageError},
    ports::{Content, ObjectVersion, Objects, Tagged, Uploads},
};

#[tokio::test]
async fn an_image_is_read_by_its_exact_key_and_version() {
    let replay = Replay::new([ok("bytes")]);
    assert_eq!(s3(&replay).await.read(IMAGE).await.unwrap().as_deref(), Some(b"bytes".as_slice()));
    let sent = replay.only();
    assert_eq!(sent.method, "GET");
    assert!(sent.uri.contains(&format!("/images/{ENCODED}?")) && sent.uri.contains("versionId=v1"), "{}", sent.uri);
}

#[tokio::test]
async fn a_missing_object_is_none_and_errors_have_our_names() {
    let cases = [
        (xml_error(404, "NoSuchKey"), None),
        (xml_error(404, "NoSuchVersion"), None),
        (xml_error(403, "AccessDenied"), Some("Storage.Misconfigured")),
        (xml_error(400, "KMS.DisabledException"), Some("Storage.Misconfigured")),
        (xml_error(400, "KMS.NotFoundException"), Some("Storage.Misconfigured")),
        (xml_error(404, "NoSuchBucket"), Some("Storage.Misconfigured")),
        (xml_error(403, "InvalidObjectState"), Some("Storage.Misconfigured")),
        (xml_error(503, "SlowDown"), Some("Storage.Unavailable")),
        (xml_error(500, "InternalError"), Some("Storage.Unavailable")),
        (xml_error(400, "KMS.ThrottlingException"), Some("Storage.Unavailable")),
        (xml_error(400, "RequestTimeout"), Some("Storage.Unavailable")),
        (Answer::Broken, Some("Storage.Unavailable")),
    ];
    for (answer, name) in cases {
        let case = format!("{answer:?}");
        let read = s3(&Replay::new([answer])).await.read(IMAGE).await;
        match (read, name) {
            (Ok(None), None) => {}
            (Err(error), Some(name)) => assert_eq!(error.name(), name, "{case}"),
            (read, _) => panic!("{case}: {read:?}"),
        }
    }
}

/// A listing of one key, as S3 encodes it.
fn listing(prefix: &str, key: Option<&str>) -> Answer {
    let contents = key.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).unwrap_or_default();
    ok(format!("<?xml version=\"1.0\"?><ListBucketResult><Prefix>{prefix}</Prefix>{contents}</ListBucketResult>"))
}

/// S3 denies access to an absent object if the caller can list below a prefix only, so the listing decides.
#[tokio::test]
async fn a_denied_object_that_is_not_listed_is_absent() {
    let key = "results/i/labels.json";
    let cases = [
        (listing(key, None), Ok(None)),
        (listing(key, Some("results/i/labels.json.other")), Ok(None)),
        (listing(key, Some(key)), Err("Storage.Misconfigured")),
        (ok("<?xml version=\"1.0\"?><ListBucketResult></ListBucketResult>"), Err("Storage.Misconfigured")),
        (xml_error(403, "AccessDenied"), Err("Storage.Misconfigured")),
        (xml_error(503, "SlowDown"), Err("Storage.Unavailable")),
    ];
    for (listed, wanted) in cases {
        let case = format!("{listed:?}");
        let replay = Replay::new([xml_error(403, "AccessDenied"), listed]);
        let read = s3(&replay).await.read(ObjectRef::current("images", key)).await;
        assert_eq!(read.map_err(|error| error.name()), wanted, "{case}");
        let listing = &replay.requests()[1];
        assert!(listing.uri.contains("prefix=results%2Fi%2Flabels.json") && listing.uri.contains("encoding-type=url"), "{}", listing.uri);
    }
}

#[tokio::test]
async fn a_denied_version_that_is_not_listed_is_absent() {
    let page = |version: &str, more: bool| {
        let version = format!("<Version><Key>raw-uploads/a%20b</Key><VersionId>{version}</VersionId></Version>");
        ok(format!("<?xml version=\"1.0\"?><ListVersionsResult><IsTruncated>{more}</IsTruncated>{version}</ListVersionsResult>"))
    };
    let denied = || Answer::Http(403, vec![], vec![]);
    for (listed, absent) in [(page("v2", false), true), (page("v1", false), false), (page("v2", true), false)] {
        let found = s3(&Replay::new([denied(), listed.clone()])).await.find(&upload(Some("v1"))).await;
        assert_eq!(found.is_ok_and(|facts| facts.is_none()), absent, "{listed:?}");
        assert_eq!(s3(&Replay::new([xml_error(403, "AccessDenied"), listed])).await.copy(IMAGE, "archived/i").await.is_ok(), absent);
    }
}

/// S3 repeats the key in the body of an error, and XML parsers reject control characters.
#[tokio::test]
async fn a_missing_object_is_none_even_if_its_key_makes_the_error_unparsable() {
    let body = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Key>raw-uploads/a\u{1}.jpg</Key></Error>";
    let replay = Replay::new([Answer::Http(404, vec![("content-type", "application/xml".into())], body.into())]);
    let gone = ObjectRef { key: "raw-uploads/a\u{1}.jpg", ..IMAGE };
    assert!(s3(&replay).await.read(gone).await.unwrap().is_none());
}

#[tokio::test]
async fn slow_down_errors_are_retried() {
    let replay = Replay::new([xml_error(503, "SlowDown"), xml_error(503, "SlowDown"), ok("bytes")]);
    assert!(s3(&replay).await.read(IMAGE).await.unwrap().is_some());
    assert_eq!(replay.requests().len(), 3);
}

#[tokio::test]
async fn copies_are_written_as_jpeg() {
    let replay = Replay::new([ok("")]);
    s3(&replay).await.write_jpeg("images", "processed/i/image.jpg", b"jpeg".to_vec()).await.unwrap();
    let sent = replay.only();
    assert_eq!((sent.method.as_str(), sent.header("content-type")), ("PUT", Some("image/jpeg")));
    assert!(sent.uri.contains("/images/processed/i/image.jpg"));
}

#[tokio::test]
async fn a_copy_names_the_exact_version_and_ignores_a_missing_source() {
    let replay = Replay::new([ok("<?xml version=\"1.0\"?><CopyObjectResult></CopyObjectResult>")]);
    s3(&replay).await.copy(IMAGE, "archived/i/original").await.unwrap();
    assert_eq!(replay.only().header("x-amz-copy-source"), Some(format!("images/{ENCODED}?versionId=v1").as_str()));
    for gone in ["NoSuchKey", "NoSuchVersion"] {
        assert!(s3(&Replay::new([xml_error(404, gone)])).await.copy(IMAGE, "archived/i/original").await.is_ok(), "{gone}");
    }
    assert_eq!(
        s3(&Replay::new([xml_error(403, "AccessDenied")])).await.copy(IMAGE, "a").await.unwrap_err().name(),
        "Storage.Misconfigured"
    );
}

#[tokio::test]
async fn an_error_within_a_200_response_to_a_copy_is_an_error() {
    let body = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>m</Message></Error>";
    let error = s3(&Replay::new([ok(body)])).await.copy(IMAGE, "archived/i/original").await.unwrap_err();
    assert_eq!(error.name(), "Storage.Unavailable", "S3 guide, CopyObject: a 200 may hold an error");
}

fn tags(pairs: &[(&str, &str)]) -> Answer {
    let tags: Vec<_> = pairs.iter().map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")).collect();
    ok(format!("<?xml version=\"1.0\"?><Tagging><TagSet>{}</TagSet></Tagging>", tags.concat()))
}

#[tokio::test]
async fn the_status_tag_is_added_to_the_exact_version_and_keeps_other_tags() {
    let replay = Replay::new([tags(&[("album", "Spring &amp; summer"), ("status", "new")]), ok("")]);
    assert_eq!(s3(&replay).await.tag_status(IMAGE, "analyzed").await.unwrap(), Tagged::Yes);
    let sent = replay.requests();
    assert_eq!(sent.iter().map(|sent| sent.method.as_str()).collect::<Vec<_>>(), ["GET", "PUT"]);
    assert!(sent.iter().all(|sent| sent.uri.contains("tagging") && sent.uri.contains("versionId=v1")), "{sent:?}");
    let body = String::from_utf8(sent[1].body.clone()).unwrap();
    for part in ["<Key>album</Key><Value>Spring &amp; summer</Value>", "<Key>status</Key><Value>analyzed</Value>"] {
        assert!(body.contains(part), "{body}");
    }
    assert_eq!(body.matches("<Tag>").count(), 2, "{body}");
}

#[tokio::test]
async fn an_existing_status_tag_is_not_rewritten_and_ten_tags_leave_no_room() {
    let there = Replay::new([tags(&[("status", "analyzed")])]);
    assert_eq!(s3(&there).await.tag_status(IMAGE, "analyzed").await.unwrap(), Tagged::Yes);
    assert_eq!(there.requests().len(), 1);
    let names: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
    let ten: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let full = Replay::new([tags(&ten)]);
    assert_eq!(s3(&full).await.tag_status(IMAGE, "rejected").await.unwrap(), Tagged::NoRoom);
    assert_eq!(full.requests().len(), 1);
    for answers in [vec![xml_error(404, "NoSuchVersion")], vec![tags(&[]), xml_error(404, "NoSuchKey")]] {
        assert_eq!(s3(&Replay::new(answers)).await.tag_status(IMAGE, "analyzed").await.unwrap(), Tagged::Gone);
    }
}

#[tokio::test]
async fn deleting_a_missing_object_is_not_an_error() {
    for answer in [Answer::Http(204, vec![], vec![]), xml_error(404, "NoSuchKey")] {
        assert!(s3(&Replay::new([answer])).await.delete(IMAGE).await.is_ok());
    }
}

const FIRST_PAGE: &str = r#"<?xml version="1.0"?><ListVersionsResult><IsTruncated>true</IsTruncated>
    <NextKeyMarker>processed/i/image.jpg</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>
    <Version><Key>processed/i/image.jpg</Key><VersionId>v2</VersionId><ETag>"e2"</ETag><Size>7</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version></ListVersionsResult>"#;
const SECOND_PAGE: &str = r#"<?xml version="1.0"?><ListVersionsResult><IsTruncated>false</IsTruncated>
    <DeleteMarker><Key>processed/i/image.jpg</Key><VersionId>v1</VersionId></DeleteMarker></ListVersionsResult>"#;

fn marker(version_id: &str) -> ObjectVersion {
    ObjectVersion { key: "processed/i/image.jpg".into(), version_id: version_id.into(), content: None }
}

#[tokio::test]
async fn all_pages_of_versions_and_delete_markers_are_listed() {
    let replay = Replay::new([ok(FIRST_PAGE), ok(SECOND_PAGE)]);
    let listed = s3(&replay).await.list_versions("images", "processed/i/").await.unwrap();
    let content = Content { etag: "e2".into(), size: 7, last_modified: 1_772_366_400_000 };
    assert_eq!(listed, [ObjectVersion { content: Some(content), ..marker("v2") }, marker("v1")]);
    let uris: Vec<String> = replay.requests().into_iter().map(|sent| sent.uri).collect();
    assert!(uris[0].contains("prefix=processed%2Fi%2F") && !uris[0].contains("key-marker"), "{uris:?}");
    assert!(uris[1].contains("key-marker=processed%2Fi%2Fimage.jpg") && uris[1].contains("version-id-marker=v2"), "{uris:?}");
}

async fn delete(answer: Answer) -> Result<(), StorageError> {
    s3(&Replay::new([answer])).await.delete_versions("images", &[marker("v1")]).await
}

#[tokio::test]
async fn a_key_that_xml_cannot_contain_is_deleted_by_a_separate_request() {
    let odd = ["a\u{1}", "a\r", "a\u{85}", "a\u{fffe}"].map(|key| ObjectVersion { key: format!("raw-uploads/{key}"), ..marker("v1") });
    let versions: Vec<ObjectVersion> = odd.into_iter().chain([marker("v2")]).collect();
    let replay = Replay::new([ok("<DeleteResult></DeleteResult>"), ok("")]);
    s3(&replay).await.delete_versions("images", &versions).await.unwrap();
    let sent = replay.requests();
    assert_eq!(sent.iter().map(|sent| sent.method.as_str()).collect::<Vec<_>>(), ["POST", "DELETE", "DELETE", "DELETE", "DELETE"]);
    for (sent, key) in sent[1..].iter().zip(["a%01", "a%0D", "a%C2%85", "a%EF%BF%BE"]) {
        assert!(sent.uri.contains(&format!("/images/raw-uploads/{key}?")) && sent.uri.contains("versionId=v1"), "{}", sent.uri);
    }
    // A missing version is not an error.
    s3(&Replay::new([xml_error(404, "NoSuchVersion")])).await.delete_versions("images", &versions[..1]).await.unwrap();
}

#[tokio::test]
async fn an_error_of_one_version_within_a_200_response_is_an_error() {
    let answer = |code: &str| {
        ok(format!(
            "<DeleteResult><Error><Key>k</Key><VersionId>v1</VersionId><Code>{code}</Code><Message>m</Message></Error></DeleteResult>"
        ))
    };
    assert_eq!(delete(answer("AccessDenied")).await.unwrap_err().name(), "Storage.Misconfigured");
    assert_eq!(delete(answer("InternalError")).await.unwrap_err().name(), "Storage.Unavailable");
    assert!(delete(answer("NoSuchVersion")).await.is_ok());
    assert_eq!(delete(xml_error(403, "AccessDenied")).await.unwrap_err().name(), "Storage.Misconfigured");
}
