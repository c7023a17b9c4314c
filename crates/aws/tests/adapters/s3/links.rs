//! The port [`Links`]: what a presigned URL allows.

use super::{ENCODED, IMAGE};
use crate::replay::{Replay, s3};
use sightline_domain::ports::{Links, UploadGrant};

const GRANT: UploadGrant<'_> = UploadGrant {
    bucket: "images",
    key: IMAGE.key,
    content_type: "image/jpeg",
    size: 1_234,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    name: "a%20b.jpg",
    only_if_new: true,
    valid: 300_000,
};

/// The value of a parameter of a URL.
fn parameter<'a>(url: &'a str, name: &str) -> &'a str {
    let query = url.split_once('?').unwrap().1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_else(|| panic!("{name}: {url}"))
}

#[tokio::test]
async fn a_link_to_upload_signs_key_type_length_content_name_and_condition() {
    let replay = Replay::new([]);
    let signed = s3(&replay).await.upload_link(&GRANT).await.unwrap();
    assert!(signed.url.contains(ENCODED) && parameter(&signed.url, "X-Amz-Expires") == "300", "{}", signed.url);
    let names = parameter(&signed.url, "X-Amz-SignedHeaders").replace("%3B", ";");
    for name in ["content-length", "content-type", "host", "if-none-match", "x-amz-checksum-sha256", "x-amz-meta-filename"] {
        assert!(names.split(';').any(|signed| signed == name), "{name} is not signed: {names}");
    }
    assert_eq!(signed.headers["x-amz-checksum-sha256"], "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "base64 of the digest of abc");
    assert_eq!((signed.headers["content-type"].as_str(), signed.headers["if-none-match"].as_str()), ("image/jpeg", "*"));
    assert_eq!(signed.headers["x-amz-meta-filename"], "a%20b.jpg");
    assert!(!signed.headers.contains_key("host") && !signed.headers.contains_key("content-length"), "browsers set them");
    assert!(replay.requests().is_empty(), "signing calls no service");
}

#[tokio::test]
async fn a_link_to_upload_again_has_no_condition_and_a_wrong_digest_is_refused() {
    let store = s3(&Replay::new([])).await;
    let signed = store.upload_link(&UploadGrant { only_if_new: false, ..GRANT }).await.unwrap();
    assert!(!signed.headers.contains_key("if-none-match"));
    for sha256 in ["abc", "zz"] {
        assert!(store.upload_link(&UploadGrant { sha256, ..GRANT }).await.is_err(), "{sha256}");
    }
}

#[tokio::test]
async fn a_link_to_download_names_the_version_and_the_file() {
    let url = s3(&Replay::new([])).await.download_link(IMAGE, "Grüße \"100%\"\r\n/.jpg", 300_000).await.unwrap();
    assert!(url.contains(ENCODED) && parameter(&url, "versionId") == "v1", "{url}");
    let disposition = parameter(&url, "response-content-disposition");
    let encoded = "attachment%3B%20filename%2A%3DUTF-8%27%27Gr%25C3%25BC%25C3%259Fe%2520%2522100%2525%2522%250D%250A%252F.jpg";
    assert_eq!(disposition, encoded);
}
