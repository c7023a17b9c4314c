//! [`Objects`].

use crate::store::{BucketStore, version_of};
use serde_json::json;
use sightline_domain::{
    model::{ObjectRef, Question, Upload, identity::hex_sha256},
    ports::{ObjectVersion, Objects, Tagged},
};

cases! {
    with_bucket:
    a_missing_object_is_not_read,
    an_object_and_each_of_its_versions_are_read,
    written_objects_are_read_back,
    an_answer_is_stored_with_its_question,
    a_version_is_copied_with_its_tags,
    deleting_an_object_keeps_its_versions,
    a_status_tag_keeps_the_uploaders_tags,
    an_object_with_all_its_tags_has_no_room_for_the_status,
    versions_and_delete_markers_are_listed_by_prefix,
    exactly_the_named_versions_are_deleted,
}

const KEY: &str = "raw-uploads/anna/a b+ü.jpg";

async fn a_missing_object_is_not_read(store: &impl BucketStore) {
    let upload = store.upload(KEY, b"one").await;
    store.objects().delete(version_of(&upload)).await.unwrap();
    for object in [ObjectRef::current(store.bucket(), KEY), version_of(&upload), ObjectRef::current(store.bucket(), "nothing")] {
        assert_eq!(store.objects().read(object).await.unwrap(), None);
        assert_eq!(store.objects().sha256(object_of(&upload)).await.unwrap(), None);
    }
    assert!(store.objects().read_answer(store.bucket(), "nothing").await.unwrap().is_none());
}

fn object_of(upload: &Upload) -> ObjectRef<'_> {
    ObjectRef::current(&upload.bucket, &upload.key)
}

async fn an_object_and_each_of_its_versions_are_read(store: &impl BucketStore) {
    let (first, second) = (store.upload(KEY, b"one").await, store.upload(KEY, b"two").await);
    let objects = store.objects();
    for (object, bytes) in [(version_of(&first), b"one"), (version_of(&second), b"two"), (object_of(&first), b"two")] {
        assert_eq!(objects.read(object.clone()).await.unwrap().as_deref(), Some(bytes.as_slice()));
        assert_eq!(objects.sha256(object).await.unwrap(), Some(hex_sha256(bytes)));
    }
}

async fn written_objects_are_read_back(store: &impl BucketStore) {
    store.objects().write_jpeg(store.bucket(), "a.jpg", b"jpeg".to_vec()).await.unwrap();
    store.objects().write_json(store.bucket(), "a.json", b"{}".to_vec()).await.unwrap();
    for (key, bytes) in [("a.jpg", b"jpeg".to_vec()), ("a.json", b"{}".to_vec())] {
        assert_eq!(store.objects().read(ObjectRef::current(store.bucket(), key)).await.unwrap(), Some(bytes));
    }
}

async fn an_answer_is_stored_with_its_question(store: &impl BucketStore) {
    let question: Question = serde_json::from_value(json!({"MinConfidence": 60.0, "MaxLabels": 50})).unwrap();
    store.objects().write_answer(store.bucket(), "labels.json", b"{}".to_vec(), &question).await.unwrap();
    let stored = store.objects().read_answer(store.bucket(), "labels.json").await.unwrap().unwrap();
    assert_eq!((stored.json, stored.question), (b"{}".to_vec(), Some(serde_json::to_string(&question).unwrap())));
    store.objects().write_json(store.bucket(), "labels.json", b"[]".to_vec()).await.unwrap();
    let stored = store.objects().read_answer(store.bucket(), "labels.json").await.unwrap().unwrap();
    assert_eq!((stored.json, stored.question), (b"[]".to_vec(), None));
}

async fn a_version_is_copied_with_its_tags(store: &impl BucketStore) {
    let first = store.upload(KEY, b"one").await;
    store.set_tags(KEY, &[pair("project", "x")]).await;
    store.upload(KEY, b"two").await;
    store.objects().copy(version_of(&first), "copy").await.unwrap();
    let copy = ObjectRef::current(store.bucket(), "copy");
    assert_eq!(store.objects().read(copy.clone()).await.unwrap().as_deref(), Some(b"one".as_slice()));
    assert_eq!(store.tags("copy").await, [pair("project", "x")]);
    store.objects().copy(object_of(&first), "copy").await.unwrap();
    assert_eq!(store.objects().read(copy.clone()).await.unwrap().as_deref(), Some(b"two".as_slice()));
    store.objects().copy(ObjectRef::current(store.bucket(), "nothing"), "copy").await.unwrap();
    assert_eq!(store.objects().read(copy).await.unwrap().as_deref(), Some(b"two".as_slice()), "nothing was copied");
}

async fn deleting_an_object_keeps_its_versions(store: &impl BucketStore) {
    let (first, second) = (store.upload(KEY, b"one").await, store.upload(KEY, b"two").await);
    store.objects().delete(object_of(&first)).await.unwrap();
    assert_eq!(store.objects().read(object_of(&first)).await.unwrap(), None);
    assert_eq!(store.objects().read(version_of(&first)).await.unwrap().as_deref(), Some(b"one".as_slice()));
    store.objects().delete(version_of(&first)).await.unwrap();
    assert_eq!(store.objects().read(version_of(&first)).await.unwrap(), None);
    assert_eq!(store.objects().read(version_of(&second)).await.unwrap().as_deref(), Some(b"two".as_slice()));
    store.objects().delete(version_of(&first)).await.unwrap();
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn a_status_tag_keeps_the_uploaders_tags(store: &impl BucketStore) {
    let upload = store.upload(KEY, b"one").await;
    store.set_tags(KEY, &[pair("project", "x"), pair("status", "draft")]).await;
    for (object, status) in [(version_of(&upload), "analyzed"), (object_of(&upload), "rejected"), (object_of(&upload), "rejected")] {
        assert_eq!(store.objects().tag_status(object, status).await.unwrap(), Tagged::Yes);
        assert_eq!(store.tags(KEY).await, [pair("project", "x"), pair("status", status)]);
    }
    store.objects().delete(object_of(&upload)).await.unwrap();
    assert_eq!(store.objects().tag_status(object_of(&upload), "analyzed").await.unwrap(), Tagged::Gone, "deleted");
    store.objects().delete(version_of(&upload)).await.unwrap();
    assert_eq!(store.objects().tag_status(version_of(&upload), "analyzed").await.unwrap(), Tagged::Gone, "the version is gone");
}

async fn an_object_with_all_its_tags_has_no_room_for_the_status(store: &impl BucketStore) {
    let upload = store.upload(KEY, b"one").await;
    let mut tags: Vec<_> = (0..10).map(|number| pair(&number.to_string(), "x")).collect();
    store.set_tags(KEY, &tags).await;
    assert_eq!(store.objects().tag_status(version_of(&upload), "analyzed").await.unwrap(), Tagged::NoRoom);
    assert_eq!(store.tags(KEY).await, tags);
    let full = store.upload(KEY, b"two").await;
    tags[9] = pair("status", "draft");
    store.set_tags(KEY, &tags).await;
    assert_eq!(store.objects().tag_status(version_of(&full), "analyzed").await.unwrap(), Tagged::Yes, "it replaces its own tag");
}

/// Keys, version ids and sizes of all versions below a prefix, sorted; a delete marker has no size.
async fn listed(store: &impl BucketStore, prefix: &str) -> Vec<(String, String, Option<u64>)> {
    let versions = store.objects().list_versions(store.bucket(), prefix).await.unwrap();
    let mut listed: Vec<_> = versions.into_iter().map(|v| (v.key, v.version_id, v.content.map(|content| content.size))).collect();
    listed.sort();
    listed
}

async fn versions_and_delete_markers_are_listed_by_prefix(store: &impl BucketStore) {
    let (first, second) = (store.upload(KEY, b"one").await, store.upload(KEY, b"longer").await);
    let other = store.upload("raw-uploads/anna/a b+ü.jpg.bak", b"x").await;
    store.upload("results/a.json", b"x").await;
    store.objects().delete(object_of(&other)).await.unwrap();
    let all = listed(store, KEY).await;
    let entry = |upload: &Upload, size| (upload.key.clone(), upload.version_id.clone().unwrap(), Some(size));
    for expected in [entry(&first, 3), entry(&second, 6), entry(&other, 1)] {
        assert!(all.contains(&expected), "{expected:?} in {all:?}");
    }
    let markers: Vec<_> = all.iter().filter(|(_, _, size)| size.is_none()).map(|(key, _, _)| key).collect();
    assert_eq!((all.len(), markers), (4, vec![&other.key]));
    let versions = store.objects().list_versions(store.bucket(), KEY).await.unwrap();
    let content = versions.into_iter().find(|version| Some(&version.version_id) == first.version_id.as_ref()).unwrap().content.unwrap();
    assert_eq!(content.etag, first.etag);
    assert!(listed(store, "nothing").await.is_empty());
}

async fn exactly_the_named_versions_are_deleted(store: &impl BucketStore) {
    let (first, second) = (store.upload(KEY, b"one").await, store.upload(KEY, b"two").await);
    store.objects().delete(object_of(&first)).await.unwrap();
    let versions = store.objects().list_versions(store.bucket(), "raw-uploads/").await.unwrap();
    let kept = |version: &ObjectVersion| Some(&version.version_id) == second.version_id.as_ref();
    let gone: Vec<ObjectVersion> = versions.into_iter().filter(|version| !kept(version)).collect();
    assert_eq!(gone.len(), 2, "the first version and the delete marker");
    store.objects().delete_versions(store.bucket(), &gone).await.unwrap();
    assert_eq!(listed(store, "").await, [(KEY.to_owned(), second.version_id.clone().unwrap(), Some(3))]);
    assert_eq!(store.objects().read(object_of(&second)).await.unwrap().as_deref(), Some(b"two".as_slice()), "it is current again");
    store.objects().delete_versions(store.bucket(), &gone).await.unwrap();
    store.objects().delete_versions(store.bucket(), &[]).await.unwrap();
}
