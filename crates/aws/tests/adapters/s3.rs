//! S3: exact keys and versions, and what is gone, denied or passing.

use crate::replay::{Answer, Replay, ok, s3, xml_error};
use sightline_domain::{
    model::{
        analysis::{Question, StoredAnswer},
        error::StepError,
        identity::{ObjectRef, Upload},
    },
    ports::{Objects, Tagged, UploadFacts, Uploads},
};

const IMAGE: ObjectRef<'static> = ObjectRef { bucket: "images", key: "raw-uploads/a b+ü%25.jpg", version_id: Some("v1") };
const ENCODED: &str = "raw-uploads/a%20b%2B%C3%BC%2525.jpg";

fn upload(version_id: Option<&str>) -> Upload {
    Upload { bucket: "images".into(), key: IMAGE.key.into(), version_id: version_id.map(str::to_owned), etag: "etag-1".into() }
}

fn head(etag: &str) -> Answer {
    let headers = [
        ("content-length", "1234"),
        ("last-modified", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("etag", etag),
        ("x-amz-version-id", "v9"),
        ("x-amz-meta-filename", "a%20b.jpg"),
    ];
    Answer::Http(200, headers.map(|(name, value)| (name, value.to_owned())).into(), vec![])
}

const VERSIONS: &str = r#"<?xml version="1.0"?><ListVersionsResult>
    <Version><Key>raw-uploads/a b+ü%25.jpg.other</Key><VersionId>v0</VersionId><ETag>"etag-1"</ETag><Size>1</Size></Version>
    <Version><Key>raw-uploads/a b+ü%25.jpg</Key><VersionId>v2</VersionId><ETag>"etag-2"</ETag><Size>2</Size></Version>
    <Version><Key>raw-uploads/a b+ü%25.jpg</Key><VersionId>v1</VersionId><ETag>"etag-1"</ETag><Size>1234</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version>
</ListVersionsResult>"#;

#[tokio::test]
async fn an_image_is_read_by_its_exact_key_and_version() {
    let replay = Replay::new([ok("bytes")]);
    assert_eq!(s3(&replay).await.read(IMAGE).await.unwrap().as_deref(), Some(b"bytes".as_slice()));
    let asked = replay.only();
    assert_eq!(asked.method, "GET");
    assert!(asked.uri.contains(&format!("/images/{ENCODED}?")) && asked.uri.contains("versionId=v1"), "{}", asked.uri);
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

#[tokio::test]
async fn a_missing_result_is_none_and_a_denied_one_is_an_error() {
    let read = |answer| async move { s3(&Replay::new([answer])).await.read(ObjectRef::current("images", "results/i/labels.json")).await };
    assert!(read(xml_error(404, "NoSuchKey")).await.unwrap().is_none());
    assert_eq!(read(xml_error(403, "AccessDenied")).await.unwrap_err().name(), "Storage.Misconfigured");
    assert_eq!(read(ok("{}")).await.unwrap().as_deref(), Some(b"{}".as_slice()));
}

/// What a listing of one key says, as S3 encodes it.
fn listing(prefix: &str, key: Option<&str>) -> Answer {
    let contents = key.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).unwrap_or_default();
    ok(format!("<?xml version=\"1.0\"?><ListBucketResult><Prefix>{prefix}</Prefix>{contents}</ListBucketResult>"))
}

/// S3 says "access denied" of an absent object to whoever may list below a prefix only, so the listing decides.
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
        let listing = &replay.asked()[1];
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
        let looked = s3(&Replay::new([denied(), listed.clone()])).await.find(&upload(Some("v1"))).await;
        assert_eq!(looked.is_ok_and(|facts| facts.is_none()), absent, "{listed:?}");
        assert_eq!(s3(&Replay::new([xml_error(403, "AccessDenied"), listed])).await.copy(IMAGE, "archived/i").await.is_ok(), absent);
    }
}

#[tokio::test]
async fn an_answer_is_written_and_read_with_its_question() {
    let replay = Replay::new([ok("")]);
    let (store, question) = (s3(&replay).await, Question::moderation(30.0));
    store.write_answer("images", "results/i/moderation.json", b"{}".to_vec(), &question).await.unwrap();
    assert_eq!(replay.only().header("x-amz-meta-question"), Some(r#"{"MinConfidence":30.0}"#));

    let with = Answer::Http(200, vec![("x-amz-meta-question", r#"{"MinConfidence":30.0}"#.into())], b"{}".to_vec());
    for (answer, question) in [(with, Some(r#"{"MinConfidence":30.0}"#.to_owned())), (ok("{}"), None)] {
        let read = s3(&Replay::new([answer])).await.read_answer("images", "results/i/moderation.json").await.unwrap();
        assert_eq!(read, Some(StoredAnswer { json: b"{}".to_vec(), question }));
    }
}

#[tokio::test]
async fn the_hash_covers_the_whole_object_and_is_none_if_it_is_missing() {
    let hash = |answer| async move { s3(&Replay::new([answer])).await.sha256(IMAGE).await.unwrap() };
    assert_eq!(hash(ok("bytes")).await, Some(sightline_domain::model::identity::hex_sha256(b"bytes")));
    assert_eq!(hash(xml_error(404, "NoSuchKey")).await, None);
}

#[tokio::test]
async fn slow_down_errors_are_retried() {
    let replay = Replay::new([xml_error(503, "SlowDown"), xml_error(503, "SlowDown"), ok("bytes")]);
    assert!(s3(&replay).await.read(IMAGE).await.unwrap().is_some());
    assert_eq!(replay.asked().len(), 3);
}

#[tokio::test]
async fn an_upload_with_a_version_is_found_by_it() {
    let replay = Replay::new([head("\"other\"")]);
    let facts = s3(&replay).await.find(&upload(Some("v1"))).await.unwrap().unwrap();
    assert_eq!(
        facts,
        UploadFacts { version_id: Some("v1".into()), size: 1234, last_modified: 1_772_366_400_000, name: Some("a%20b.jpg".into()) }
    );
    assert!(replay.only().uri.contains("versionId=v1"));
}

#[tokio::test]
async fn an_upload_without_a_version_is_the_current_version_if_the_entity_tag_matches() {
    let replay = Replay::new([head("\"etag-1\"")]);
    let facts = s3(&replay).await.find(&upload(None)).await.unwrap().unwrap();
    assert_eq!(facts.version_id.as_deref(), Some("v9"));
}

#[tokio::test]
async fn an_overwritten_upload_without_a_version_is_found_by_its_entity_tag() {
    for first in [head("\"etag-2\""), xml_error(404, "NoSuchKey")] {
        let replay = Replay::new([first, ok(VERSIONS), head("\"etag-1\"")]);
        let facts = s3(&replay).await.find(&upload(None)).await.unwrap().unwrap();
        assert_eq!(
            facts,
            UploadFacts { version_id: Some("v1".into()), size: 1234, last_modified: 1_772_366_400_000, name: Some("a%20b.jpg".into()) }
        );
        assert!(replay.asked()[2].uri.contains("versionId=v1"), "the name is asked of the version itself");
    }
}

#[tokio::test]
async fn the_first_version_of_a_key_is_found_on_the_last_page() {
    let page = |versions: &str, more: &str| {
        ok(format!(
            "<?xml version=\"1.0\"?><ListVersionsResult><IsTruncated>{}</IsTruncated>{more}{versions}</ListVersionsResult>",
            !more.is_empty()
        ))
    };
    let version = |key: &str, id: &str, minute: u32| {
        format!(
            "<Version><Key>{key}</Key><VersionId>{id}</VersionId><LastModified>2026-03-01T12:{minute:02}:00.000Z</LastModified></Version>"
        )
    };
    let more = format!("<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>", IMAGE.key);
    let other = version(&format!("{}.other", IMAGE.key), "v0", 0);
    let replay = Replay::new([page(&version(IMAGE.key, "v2", 2), &more), page(&(version(IMAGE.key, "v1", 1) + &other), "")]);
    let first = s3(&replay).await.first_uploaded(&upload(Some("v2")), None).await.unwrap();
    assert_eq!(first, Some(1_772_366_460_000));
    let asked = replay.asked();
    assert!(asked[1].uri.contains("version-id-marker=v2") && asked[1].uri.contains("key-marker="), "{}", asked[1].uri);
    let both = || page(&(version(IMAGE.key, "v2", 2) + &version(IMAGE.key, "v1", 1)), "");
    for (after, found) in [(1_772_366_460_000, Some(1_772_366_520_000)), (1_772_366_520_000, None)] {
        assert_eq!(s3(&Replay::new([both()])).await.first_uploaded(&upload(None), Some(after)).await.unwrap(), found);
    }
}

#[tokio::test]
async fn the_first_upload_of_an_image_is_searched_under_all_extensions() {
    let id = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";
    let version = |ending: &str, minute: u32| {
        format!(
            "<Version><Key>raw-uploads/anna/{id}{ending}</Key><VersionId>v</VersionId><LastModified>2026-03-01T12:{minute:02}:00.000Z</LastModified></Version>"
        )
    };
    let listed = [version(".jpeg", 1), version(".jpg", 2), version("x.jpg", 0)].concat();
    let replay = Replay::new([ok(format!("<?xml version=\"1.0\"?><ListVersionsResult>{listed}</ListVersionsResult>"))]);
    let jpg = Upload { key: format!("raw-uploads/anna/{id}.jpg"), ..upload(Some("v")) };
    assert_eq!(s3(&replay).await.first_uploaded(&jpg, None).await.unwrap(), Some(1_772_366_460_000));
    assert!(replay.only().uri.contains(&format!("{id}&")) || replay.only().uri.ends_with(id), "{}", replay.only().uri);
}

#[tokio::test]
async fn a_missing_upload_is_none() {
    let gone = Answer::Http(404, vec![], vec![]);
    assert_eq!(s3(&Replay::new([gone.clone()])).await.find(&upload(Some("v1"))).await.unwrap(), None);
    let none = ok("<?xml version=\"1.0\"?><ListVersionsResult></ListVersionsResult>");
    assert_eq!(s3(&Replay::new([gone, none])).await.find(&upload(None)).await.unwrap(), None);
}

#[tokio::test]
async fn a_denied_head_request_is_not_a_deleted_object() {
    // A HEAD has no body to tell by.
    let error = s3(&Replay::new([Answer::Http(403, vec![], vec![])])).await.find(&upload(Some("v1"))).await.unwrap_err();
    assert_eq!(error.name(), "Storage.Misconfigured");
}

#[tokio::test]
async fn copies_are_written_as_jpeg() {
    let replay = Replay::new([ok("")]);
    s3(&replay).await.write_jpeg("images", "processed/i/image.jpg", b"jpeg".to_vec()).await.unwrap();
    let asked = replay.only();
    assert_eq!((asked.method.as_str(), asked.header("content-type")), ("PUT", Some("image/jpeg")));
    assert!(asked.uri.contains("/images/processed/i/image.jpg"));
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
    let asked = replay.asked();
    assert_eq!(asked.iter().map(|asked| asked.method.as_str()).collect::<Vec<_>>(), ["GET", "PUT"]);
    assert!(asked.iter().all(|asked| asked.uri.contains("tagging") && asked.uri.contains("versionId=v1")), "{asked:?}");
    let body = String::from_utf8(asked[1].body.clone()).unwrap();
    for part in ["<Key>album</Key><Value>Spring &amp; summer</Value>", "<Key>status</Key><Value>analyzed</Value>"] {
        assert!(body.contains(part), "{body}");
    }
    assert_eq!(body.matches("<Tag>").count(), 2, "{body}");
}

#[tokio::test]
async fn an_existing_status_tag_is_not_rewritten_and_ten_tags_leave_no_room() {
    let there = Replay::new([tags(&[("status", "analyzed")])]);
    assert_eq!(s3(&there).await.tag_status(IMAGE, "analyzed").await.unwrap(), Tagged::Yes);
    assert_eq!(there.asked().len(), 1);
    let names: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
    let ten: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let full = Replay::new([tags(&ten)]);
    assert_eq!(s3(&full).await.tag_status(IMAGE, "rejected").await.unwrap(), Tagged::NoRoom);
    assert_eq!(full.asked().len(), 1);
    for answers in [vec![xml_error(404, "NoSuchVersion")], vec![tags(&[]), xml_error(404, "NoSuchKey")]] {
        assert_eq!(s3(&Replay::new(answers)).await.tag_status(IMAGE, "analyzed").await.unwrap(), Tagged::Gone);
    }
}

/// S3 repeats the key in the body of an error, and no XML parser takes a control character.
#[tokio::test]
async fn a_missing_object_is_none_even_if_its_key_makes_the_error_unparsable() {
    let body = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Key>raw-uploads/a\u{1}.jpg</Key></Error>";
    let replay = Replay::new([Answer::Http(404, vec![("content-type", "application/xml".into())], body.into())]);
    let gone = ObjectRef { key: "raw-uploads/a\u{1}.jpg", ..IMAGE };
    assert!(s3(&replay).await.read(gone).await.unwrap().is_none());
}

#[tokio::test]
async fn every_listing_asks_for_encoded_keys_and_decodes_them() {
    let key = "raw-uploads/a\u{1}\r\n +%2F&\u{202e}..//\u{1f600}.jpg";
    let encoded = "raw-uploads/a%01%0D%0A+%2B%252F%26%E2%80%AE..//%F0%9F%98%80.jpg";
    let versions = format!(
        "<?xml version=\"1.0\"?><ListVersionsResult><EncodingType>url</EncodingType><Version><Key>{encoded}</Key><VersionId>v1</VersionId>\
         <ETag>\"e\"</ETag></Version><DeleteMarker><Key>{encoded}</Key><VersionId>v0</VersionId></DeleteMarker></ListVersionsResult>"
    );
    let page = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>next</NextContinuationToken><Contents><Key>{encoded}</Key></Contents></ListBucketResult>"
    );
    let replay = Replay::new([ok(versions.clone()), ok(versions.clone()), ok(versions), ok(page)]);
    let s3 = s3(&replay).await;
    let keyed = Upload { key: key.into(), ..upload(None) };
    assert!(s3.first_uploaded(&keyed, None).await.unwrap().is_some());
    let listed = s3.list_versions("images", key).await.unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|version| version.key == key), "{listed:?}");
    assert_eq!(s3.versions("images", None).await.unwrap().items[0].upload.key, key);
    let page = s3.list_objects_page("images", "", None).await.unwrap();
    assert_eq!((page.objects[0].key(), page.next.as_deref()), (Some(key), Some("next")));
    for asked in replay.asked() {
        assert!(asked.uri.contains("encoding-type=url"), "{}", asked.uri);
    }
}

#[tokio::test]
async fn deleting_a_missing_object_is_not_an_error() {
    for answer in [Answer::Http(204, vec![], vec![]), xml_error(404, "NoSuchKey")] {
        assert!(s3(&Replay::new([answer])).await.delete(IMAGE).await.is_ok());
    }
}
