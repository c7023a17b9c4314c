//! [`Uploads`].

use crate::store::{BucketStore, version_of};
use sightline_domain::{
    model::{ObjectRef, Upload},
    ports::{Objects, UploadVersion, Uploads, VersionPosition},
};
use sightline_tests::samples::IMAGE_ID;

cases! {
    with_bucket:
    an_upload_is_found_by_its_version,
    an_upload_without_a_version_is_found_by_its_entity_tag,
    the_first_upload_of_an_image_counts_all_its_keys,
    versions_are_listed_by_key_newest_first,
    the_listing_continues_after_a_position,
    only_our_own_status_is_reported,
    content_is_fetched_up_to_the_limit,
}

const KEY: &str = "raw-uploads/holiday/a b.jpg";

fn without_version(upload: &Upload) -> Upload {
    Upload { version_id: None, ..upload.clone() }
}

/// Version and size of an upload that is found. It is fetched with the same facts and its whole content.
async fn found(store: &impl BucketStore, upload: &Upload) -> Option<(Option<String>, u64)> {
    let facts = store.objects().find(upload).await.unwrap();
    let fetched = store.objects().fetch(upload, 1 << 20).await.unwrap();
    assert_eq!(fetched.as_ref().map(|fetched| &fetched.facts), facts.as_ref());
    assert_eq!(fetched.map(|fetched| fetched.bytes.len() as u64), facts.as_ref().map(|facts| facts.size));
    facts.map(|facts| (facts.version_id, facts.size))
}

async fn an_upload_is_found_by_its_version(store: &impl BucketStore) {
    let (first, second) = (store.upload_named(KEY, b"one", "Caf%C3%A9.jpg").await, store.upload(KEY, b"longer").await);
    assert_eq!(found(store, &first).await, Some((first.version_id.clone(), 3)));
    assert_eq!(found(store, &second).await, Some((second.version_id.clone(), 6)));
    let names = [&first, &second].map(|upload| async { store.objects().find(upload).await.unwrap().unwrap().name });
    let [first_name, second_name] = names;
    assert_eq!((first_name.await.as_deref(), second_name.await), (Some("Caf%C3%A9.jpg"), None));
    store.objects().delete(version_of(&first)).await.unwrap();
    assert_eq!(found(store, &first).await, None);
    assert_eq!(found(store, &Upload { key: "raw-uploads/nothing".to_owned(), ..without_version(&first) }).await, None);
}

async fn content_is_fetched_up_to_the_limit(store: &impl BucketStore) {
    let upload = store.upload(KEY, b"bytes").await;
    for (limit, expected) in [(5, b"bytes".as_slice()), (4, b"")] {
        let fetched = store.objects().fetch(&upload, limit).await.unwrap().unwrap();
        assert_eq!((fetched.facts.size, fetched.bytes.as_slice()), (5, expected));
    }
}

async fn an_upload_without_a_version_is_found_by_its_entity_tag(store: &impl BucketStore) {
    let first = store.upload(KEY, b"one").await;
    let second = store.upload(KEY, b"longer").await;
    let again = store.upload(KEY, b"one").await;
    let last = store.upload(KEY, b"last").await;
    for upload in [&second, &last] {
        assert_eq!(found(store, &without_version(upload)).await.unwrap().0, upload.version_id);
    }
    assert_eq!(first.etag, again.etag);
    assert_eq!(found(store, &without_version(&first)).await.unwrap().0, again.version_id, "the newest version with this content");
    assert_eq!(found(store, &Upload { etag: "another".to_owned(), ..without_version(&first) }).await, None);
    let any = Upload { etag: String::new(), ..without_version(&first) };
    assert_eq!(found(store, &any).await.unwrap().0, last.version_id, "the current version if no entity tag is known");
    store.objects().delete(ObjectRef::current(store.bucket(), KEY)).await.unwrap();
    assert_eq!(found(store, &without_version(&second)).await.unwrap().0, second.version_id, "behind a delete marker");
    assert_eq!(found(store, &any).await, None);
}

async fn the_first_upload_of_an_image_counts_all_its_keys(store: &impl BucketStore) {
    let key = |ending: &str| format!("raw-uploads/anna/{IMAGE_ID}{ending}");
    store.upload("raw-uploads/anna/other.jpg", b"x").await;
    let first = store.upload(&key(".jpg"), b"one").await;
    store.wait().await;
    let second = store.upload(&key(".jpeg"), b"one").await;
    store.wait().await;
    store.upload(&key("x.jpg"), b"another image").await;
    let third = store.upload(&key(".jpg"), b"two").await;
    let mut moments = Vec::new();
    for upload in [&first, &second, &third] {
        moments.push(store.objects().find(upload).await.unwrap().unwrap().last_modified / 1000);
    }
    let first_uploaded = async |after: Option<i64>| {
        let at = store.objects().first_uploaded(&second, after.map(|seconds| seconds * 1000 + 999)).await.unwrap();
        at.map(|millis| millis / 1000)
    };
    assert_eq!(first_uploaded(None).await, Some(moments[0]));
    assert_eq!(first_uploaded(Some(moments[0])).await, Some(moments[1]));
    assert_eq!(first_uploaded(Some(moments[1])).await, Some(moments[2]));
    assert_eq!(first_uploaded(Some(moments[2])).await, None);
    let missing = Upload { key: "raw-uploads/anna/missing.jpg".to_owned(), ..first };
    assert_eq!(store.objects().first_uploaded(&missing, None).await.unwrap(), None);
}

/// All versions from `after` on.
async fn all(store: &impl BucketStore, mut after: Option<VersionPosition>) -> Vec<UploadVersion> {
    let mut versions = Vec::new();
    loop {
        let page = store.objects().versions(store.bucket(), after.as_ref()).await.unwrap();
        versions.extend(page.items);
        after = page.next;
        if after.is_none() {
            return versions;
        }
    }
}

/// Six uploads in the order of their listing, among other objects and a delete marker.
async fn six_uploads(store: &impl BucketStore) -> Vec<Upload> {
    let mut uploads = Vec::new();
    for (key, bytes) in [("raw-uploads/a", "1"), ("raw-uploads/b", "22"), ("raw-uploads/b", "333"), ("raw-uploads/b", "4444"), (KEY, "5")] {
        uploads.push(store.upload(key, bytes.as_bytes()).await);
    }
    uploads[1..4].reverse();
    uploads.push(store.upload("raw-uploads/i", b"6").await);
    store.upload("archived/a", b"x").await;
    store.upload("results/a", b"x").await;
    store.objects().delete(ObjectRef::current(store.bucket(), "raw-uploads/a")).await.unwrap();
    uploads
}

async fn versions_are_listed_by_key_newest_first(store: &impl BucketStore) {
    let uploads = six_uploads(store).await;
    let versions = all(store, None).await;
    let listed: Vec<Upload> = versions.iter().map(|version| version.upload.clone()).collect();
    assert_eq!(listed, uploads);
    assert_eq!(versions.iter().map(|version| version.size).collect::<Vec<_>>(), [1, 4, 3, 2, 1, 1]);
}

async fn the_listing_continues_after_a_position(store: &impl BucketStore) {
    let uploads = six_uploads(store).await;
    let versions = all(store, None).await;
    for (place, version) in versions.iter().enumerate() {
        let after: Vec<Upload> = all(store, Some(version.position())).await.into_iter().map(|version| version.upload).collect();
        assert_eq!(after, uploads[place + 1..], "after {place}");
    }
    let after_key = VersionPosition { key: "raw-uploads/b".to_owned(), version_id: None };
    let after: Vec<Upload> = all(store, Some(after_key)).await.into_iter().map(|version| version.upload).collect();
    assert_eq!(after, uploads[4..], "after all versions of a key");
}

async fn only_our_own_status_is_reported(store: &impl BucketStore) {
    let upload = store.upload(KEY, b"one").await;
    let status = async || store.objects().status(&upload).await.unwrap();
    assert_eq!(status().await, None);
    store.set_tags(KEY, &[("status".to_owned(), "draft".to_owned())]).await;
    assert_eq!(status().await, None, "the uploader's own");
    store.objects().tag_status(version_of(&upload), "analyzed").await.unwrap();
    assert_eq!(status().await.as_deref(), Some("analyzed"));
    store.upload(KEY, b"two").await;
    assert_eq!(status().await.as_deref(), Some("analyzed"), "each version has its own tags");
    assert_eq!(store.objects().status(&without_version(&upload)).await.unwrap(), None, "of the current version");
    store.objects().delete(version_of(&upload)).await.unwrap();
    assert_eq!(status().await, None);
}
