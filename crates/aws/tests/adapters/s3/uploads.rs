//! The port [`Uploads`], and the encoding of keys in every listing.

use super::{IMAGE, upload};
use crate::replay::{Answer, Replay, ok, s3, xml_error};
use sightline_domain::{
    model::{StepError, Upload},
    ports::{Objects, UploadFacts, Uploads, VersionPosition},
};
use sightline_tests::samples::UPLOADED;

const OVERWRITTEN: &str = r#"<?xml version="1.0"?><ListVersionsResult>
    <Version><Key>raw-uploads/a b+ü%25.jpg.other</Key><VersionId>v0</VersionId><ETag>"etag-1"</ETag><Size>1</Size></Version>
    <Version><Key>raw-uploads/a b+ü%25.jpg</Key><VersionId>v2</VersionId><ETag>"etag-2"</ETag><Size>2</Size></Version>
    <Version><Key>raw-uploads/a b+ü%25.jpg</Key><VersionId>v1</VersionId><ETag>"etag-1"</ETag><Size>1234</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version>
</ListVersionsResult>"#;

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

#[tokio::test]
async fn an_overwritten_upload_without_a_version_is_found_by_its_entity_tag() {
    for first in [head("\"etag-2\""), xml_error(404, "NoSuchKey")] {
        let replay = Replay::new([first, ok(OVERWRITTEN), head("\"etag-1\"")]);
        let facts = s3(&replay).await.find(&upload(None)).await.unwrap().unwrap();
        assert_eq!(
            facts,
            UploadFacts { version_id: Some("v1".into()), size: 1234, last_modified: 1_772_366_400_000, name: Some("a%20b.jpg".into()) }
        );
        assert!(replay.requests()[2].uri.contains("versionId=v1"), "the name is sent of the version itself");
    }
}

#[tokio::test]
async fn a_key_without_an_object_is_not_searched_in_the_versions() {
    let replay = Replay::new([Answer::Http(404, vec![], vec![])]);
    let any = Upload { etag: String::new(), ..upload(None) };
    assert_eq!(s3(&replay).await.find(&any).await.unwrap(), None);
    assert_eq!(replay.requests().len(), 1);
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
    let sent = replay.requests();
    assert!(sent[1].uri.contains("version-id-marker=v2") && sent[1].uri.contains("key-marker="), "{}", sent[1].uri);
    let both = || page(&(version(IMAGE.key, "v2", 2) + &version(IMAGE.key, "v1", 1)), "");
    for (after, found) in [(1_772_366_460_000, Some(1_772_366_520_000)), (1_772_366_520_000, None)] {
        assert_eq!(s3(&Replay::new([both()])).await.first_uploaded(&upload(None), Some(after)).await.unwrap(), found);
    }
}

#[tokio::test]
async fn a_denied_head_request_is_not_a_deleted_object() {
    // A response to HEAD has no error code.
    let error = s3(&Replay::new([Answer::Http(403, vec![], vec![])])).await.find(&upload(Some("v1"))).await.unwrap_err();
    assert_eq!(error.name(), "Storage.Misconfigured");
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
    for sent in replay.requests() {
        assert!(sent.uri.contains("encoding-type=url"), "{}", sent.uri);
    }
}

const VERSIONS: &str = r#"<?xml version="1.0"?><ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
    <NextKeyMarker>raw-uploads/b%2Bc+d.jpg</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>
    <Version><Key>raw-uploads/a%01.jpg</Key><VersionId>null</VersionId><ETag>"e1"</ETag><Size>1</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version>
    <DeleteMarker><Key>raw-uploads/b.jpg</Key><VersionId>v2</VersionId></DeleteMarker>
    <Version><Key>raw-uploads/b%2Bc+d.jpg</Key><VersionId>v1</VersionId><ETag>"e2"</ETag><Size>2</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version>
</ListVersionsResult>"#;

#[tokio::test]
async fn versions_are_paged_with_exact_keys_and_without_delete_markers() {
    let replay = Replay::new([ok(VERSIONS)]);
    let after = VersionPosition { key: "raw-uploads/ä.jpg".into(), version_id: Some("v9".into()) };

    let page = s3(&replay).await.versions("images", Some(&after)).await.unwrap();

    let sent = replay.only().uri;
    for part in ["prefix=raw-uploads%2F", "encoding-type=url", "key-marker=raw-uploads%2F%C3%A4.jpg", "version-id-marker=v9"] {
        assert!(sent.contains(part), "{sent}");
    }
    let found: Vec<_> = page.items.iter().map(|item| (item.upload.key.as_str(), item.upload.version_id.as_deref(), item.size)).collect();
    assert_eq!(found, [("raw-uploads/a\u{1}.jpg", None, 1), ("raw-uploads/b+c d.jpg", Some("v1"), 2)]);
    assert_eq!((page.items[0].upload.etag.as_str(), page.items[0].last_modified), ("e1", UPLOADED));
    assert_eq!(page.next, Some(VersionPosition { key: "raw-uploads/b+c d.jpg".into(), version_id: Some("v1".into()) }));
}

#[tokio::test]
async fn the_last_page_has_no_next_position_and_unencoded_keys_stay_unchanged() {
    let last = VERSIONS.replace("<EncodingType>url</EncodingType>", "").replace(">true<", ">false<").replace("%01", "%25");
    let page = s3(&Replay::new([ok(last)])).await.versions("images", None).await.unwrap();
    assert_eq!((page.next, page.items[0].upload.key.as_str()), (None, "raw-uploads/a%25.jpg"));
}

#[tokio::test]
async fn the_status_tag_is_read_from_the_version() {
    let upload = Upload { bucket: "images".into(), key: "raw-uploads/a.jpg".into(), version_id: Some("v1".into()), etag: "e".into() };
    let tags = "<Tagging><TagSet><Tag><Key>status</Key><Value>analyzed</Value></Tag></TagSet></Tagging>";
    let replay = Replay::new([ok(tags)]);
    assert_eq!(s3(&replay).await.status(&upload).await.unwrap().as_deref(), Some("analyzed"));
    assert!(replay.only().uri.contains("versionId=v1"));
    let of_the_uploader = tags.replace("analyzed", "new");
    assert_eq!(s3(&Replay::new([ok(of_the_uploader)])).await.status(&upload).await.unwrap(), None);
    let denied = s3(&Replay::new([xml_error(403, "AccessDenied")])).await.status(&upload).await.unwrap_err();
    assert_eq!(denied.name(), "Storage.Misconfigured");
}
