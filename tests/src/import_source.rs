//! Buckets to import from.

use crate::objects::MemoryObjects;
use sightline_domain::{
    model::{ImportError, ListedObject, ObjectRef, Question, StorageError, StoredAnswer, Upload, image_name},
    ports::{ImportSource, ObjectFacts, ObjectVersion, Objects, Tagged},
};
use std::collections::BTreeMap;

/// Several buckets. Access to any other bucket is denied.
#[derive(Clone)]
pub struct MemoryBuckets(BTreeMap<String, MemoryObjects>);

impl MemoryBuckets {
    /// Empty buckets with these names.
    pub fn named(names: &[&str]) -> Self {
        Self(names.iter().map(|name| ((*name).to_owned(), MemoryObjects::default())).collect())
    }

    /// One of the buckets.
    ///
    /// # Panics
    ///
    /// If there is no bucket with this name.
    #[allow(clippy::panic, reason = "used by tests only")]
    pub fn bucket(&self, name: &str) -> &MemoryObjects {
        self.0.get(name).unwrap_or_else(|| panic!("there is no bucket {name}"))
    }

    fn readable(&self, name: &str) -> Result<&MemoryObjects, ImportError> {
        self.0.get(name).ok_or_else(|| ImportError::Denied("403".into()))
    }
}

impl ImportSource for MemoryBuckets {
    async fn facts(&self, object: ObjectRef<'_>) -> Result<Option<ObjectFacts>, ImportError> {
        Ok(self.readable(object.bucket)?.get(&object).map(|version| ObjectFacts {
            size: version.bytes.len() as u64,
            etag: version.etag,
            version_id: Some(version.id),
            last_modified: version.last_modified,
            content_type: None,
            name: version.name,
        }))
    }

    async fn copy_here(&self, source: &ListedObject, facts: &ObjectFacts, bucket: &str, key: &str) -> Result<Upload, ImportError> {
        let version = self.readable(&source.bucket)?.get(&source.reference()).filter(|version| version.etag == facts.etag);
        let version = version.ok_or(ImportError::SourceMissing)?;
        let upload = self.bucket(bucket).upload(bucket, key, &version.bytes, version.last_modified);
        if let Some(name) = image_name::image_name(facts.name.as_deref(), &source.key) {
            self.bucket(bucket).set_name(key, &image_name::metadata(name.as_bytes()));
        }
        Ok(upload)
    }
}

/// Every object is in the bucket that its reference names.
impl Objects for MemoryBuckets {
    async fn read(&self, object: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        self.bucket(object.bucket).read(object).await
    }

    async fn sha256(&self, object: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        self.bucket(object.bucket).sha256(object).await
    }

    async fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), StorageError> {
        self.bucket(bucket).write_jpeg(bucket, key, jpeg).await
    }

    async fn write_json(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), StorageError> {
        self.bucket(bucket).write_json(bucket, key, json).await
    }

    async fn read_answer(&self, bucket: &str, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        self.bucket(bucket).read_answer(bucket, key).await
    }

    async fn write_answer(&self, bucket: &str, key: &str, json: Vec<u8>, question: &Question) -> Result<(), StorageError> {
        self.bucket(bucket).write_answer(bucket, key, json, question).await
    }

    async fn copy(&self, from: ObjectRef<'_>, to: &str) -> Result<(), StorageError> {
        self.bucket(from.bucket).copy(from, to).await
    }

    async fn delete(&self, object: ObjectRef<'_>) -> Result<(), StorageError> {
        self.bucket(object.bucket).delete(object).await
    }

    async fn tag_status(&self, object: ObjectRef<'_>, status: &str) -> Result<Tagged, StorageError> {
        self.bucket(object.bucket).tag_status(object, status).await
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        self.bucket(bucket).list_versions(bucket, prefix).await
    }

    async fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        self.bucket(bucket).delete_versions(bucket, versions).await
    }
}
