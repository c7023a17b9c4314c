//! Presigned upload links, as the API gives them out, at the local S3.

use crate::local_stack::{LocalStack, sample};
use sightline_domain::{
    model::identity::hex_sha256,
    ports::{Links, Records, SignedRequest, UploadGrant},
};
use std::time::Duration;
use uuid::Uuid;

/// A link for one upload of `bytes` to `key`.
async fn link(local: &LocalStack, key: &str, bytes: &[u8], valid: i64) -> SignedRequest {
    let sha256 = hex_sha256(bytes);
    let (bucket, size) = (local.stack.images_bucket.as_str(), u64::try_from(bytes.len()).expect("a small file"));
    let grant =
        UploadGrant { bucket, key, content_type: "image/jpeg", size, sha256: &sha256, name: "coffee.jpg", only_if_new: true, valid };
    local.s3().upload_link(&grant).await.expect("a link")
}

/// Sends a file of this type by a link, otherwise with the link's headers; returns the HTTP status.
async fn send(link: &SignedRequest, bytes: &[u8], content_type: &str) -> u16 {
    let mut headers = link.headers.clone();
    headers.insert("content-type".to_owned(), content_type.to_owned());
    let (url, bytes) = (link.url.clone(), bytes.to_vec());
    let sent = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = headers.iter().fold(agent.put(&url), |request, (name, value)| request.header(name, value));
        request.send(&bytes[..]).expect("S3 answers").status().as_u16()
    });
    sent.await.expect("the request ends")
}

fn new_key() -> (String, String) {
    let id = Uuid::new_v4().to_string();
    (format!("raw-uploads/tests/{id}.jpg"), id)
}

/// Injected: a link that is used after it has expired, and one that is used twice.
/// Seen: S3 refuses both; nothing is stored for the first, and the second upload does not replace the first.
#[tokio::test]
async fn row_06_an_expired_link_and_a_used_one_are_refused() {
    let local = LocalStack::default_stage().await;
    let photo = sample("coffee.jpg");
    let ((late, late_id), (key, id)) = (new_key(), new_key());
    let expired = link(&local, &late, &photo, 1_000).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(send(&expired, &photo, "image/jpeg").await, 403);
    assert!(!local.has(&late).await && local.tables().find(&late_id).await.expect("records can be read").is_none());

    let fresh = link(&local, &key, &photo, 60_000).await;
    assert_eq!(send(&fresh, &photo, "image/jpeg").await, 200);
    assert_eq!(send(&fresh, &photo, "image/jpeg").await, 412);
    local.completed(&id).await;
}

/// Injected: another length, type or content than the link was signed for.
/// Seen: S3 refuses each; nothing is stored.
#[tokio::test]
async fn row_07_another_length_type_or_content_than_declared_is_refused() {
    let local = LocalStack::default_stage().await;
    let photo = sample("coffee.jpg");
    let mut changed = photo.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    let longer = [&photo[..], b"more"].concat();
    for (bytes, content_type, expected) in [(&longer, "image/jpeg", 403), (&photo, "text/html", 403), (&changed, "image/jpeg", 400)] {
        let (key, _) = new_key();
        let signed = link(&local, &key, &photo, 60_000).await;
        assert_eq!(send(&signed, bytes, content_type).await, expected, "{content_type}");
        assert!(!local.has(&key).await);
    }
}
