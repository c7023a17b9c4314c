//! [`ImportSource`].

use crate::store::{BucketStore, version_of};
use sightline_domain::{
    model::{ImportError, ListedObject, ObjectRef, Upload},
    ports::{ImportSource, Objects, Uploads},
};

cases! {
    with_bucket:
    facts_describe_an_object_and_each_of_its_versions,
    an_object_is_copied_with_its_name,
    an_object_that_has_changed_is_not_copied,
}

const KEY: &str = "old photos/é, 1.jpg";
const COPY: &str = "raw-uploads/anna/copy.jpg";

fn listed(upload: &Upload, version_id: Option<String>) -> ListedObject {
    ListedObject { bucket: upload.bucket.clone(), key: upload.key.clone(), version_id, etag: upload.etag.clone() }
}

async fn facts_describe_an_object_and_each_of_its_versions(store: &impl BucketStore) {
    let (first, second) = (store.upload_named(KEY, b"one", "a.jpg").await, store.upload(KEY, b"longer").await);
    for (object, upload, size, name) in [
        (version_of(&first), &first, 3, Some("a.jpg")),
        (version_of(&second), &second, 6, None),
        (ObjectRef::current(store.bucket(), KEY), &second, 6, None),
    ] {
        let facts = store.source().facts(object).await.unwrap().unwrap();
        assert_eq!((facts.size, facts.name.as_deref()), (size, name));
        assert_eq!(facts.upload(store.bucket(), KEY), *upload);
    }
    store.objects().delete(ObjectRef::current(store.bucket(), KEY)).await.unwrap();
    store.objects().delete(version_of(&first)).await.unwrap();
    for object in [ObjectRef::current(store.bucket(), KEY), version_of(&first), ObjectRef::current(store.bucket(), "nothing")] {
        assert_eq!(store.source().facts(object).await.unwrap(), None);
    }
}

async fn an_object_is_copied_with_its_name(store: &impl BucketStore) {
    let (first, second) = (store.upload_named(KEY, b"one", "Caf%C3%A9.jpg").await, store.upload(KEY, b"two").await);
    store.set_tags(KEY, &[("status".to_owned(), "analyzed".to_owned())]).await;
    for (upload, version_id, bytes, name) in
        [(&first, first.version_id.clone(), b"one", "Caf%C3%A9.jpg"), (&second, None, b"two", "%C3%A9, 1.jpg")]
    {
        let facts = store.source().facts(version_of(upload)).await.unwrap().unwrap();
        let copy = store.source().copy_here(&listed(upload, version_id), &facts, store.bucket(), COPY).await.unwrap();
        assert_eq!((copy.bucket.as_str(), copy.key.as_str()), (store.bucket(), COPY));
        assert_eq!(store.objects().read(version_of(&copy)).await.unwrap().as_deref(), Some(bytes.as_slice()));
        assert_eq!(store.objects().find(&copy).await.unwrap().unwrap().name.as_deref(), Some(name));
        assert_eq!(store.objects().status(&copy).await.unwrap(), None, "tags are not copied");
    }
}

async fn an_object_that_has_changed_is_not_copied(store: &impl BucketStore) {
    let upload = store.upload(KEY, b"one").await;
    let facts = store.source().facts(version_of(&upload)).await.unwrap().unwrap();
    store.upload(KEY, b"two").await;
    let copy = async |version| store.source().copy_here(&listed(&upload, version), &facts, store.bucket(), COPY).await;
    assert!(matches!(copy(None).await, Err(ImportError::SourceMissing)), "the current version is another one");
    assert!(copy(upload.version_id.clone()).await.is_ok(), "the version that the list names still exists");
    store.objects().delete(version_of(&upload)).await.unwrap();
    assert!(matches!(copy(upload.version_id.clone()).await, Err(ImportError::SourceMissing)), "the version is gone");
}
