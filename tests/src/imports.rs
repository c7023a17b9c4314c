//! Buckets to import from.

use crate::objects::MemoryObjects;
use sightline_domain::{
    error::{ImportError, StorageError},
    identity::Upload,
    import::{ImageSource, ListedObject, ObjectFacts},
    ports::{ImageStore, ObjectRef},
};
use std::collections::BTreeMap;

/// Several buckets. Those that are not named when it is made may not be read.
#[derive(Clone)]
pub struct MemoryBuckets(BTreeMap<String, MemoryObjects>);

impl MemoryBuckets {
    /// Empty buckets of these names.
    pub fn named(names: &[&str]) -> Self {
        Self(names.iter().map(|name| ((*name).to_owned(), MemoryObjects::default())).collect())
    }

    /// One of them.
    ///
    /// # Panics
    ///
    /// Where there is none of this name.
    #[allow(clippy::panic, reason = "used by tests only")]
    pub fn bucket(&self, name: &str) -> &MemoryObjects {
        self.0.get(name).unwrap_or_else(|| panic!("there is no bucket {name}"))
    }

    fn readable(&self, name: &str) -> Result<&MemoryObjects, ImportError> {
        self.0.get(name).ok_or_else(|| ImportError::Denied("403".into()))
    }
}

impl ImageSource for MemoryBuckets {
    async fn facts(&self, object: ObjectRef<'_>) -> Result<Option<ObjectFacts>, ImportError> {
        let mut versions = self.readable(object.bucket)?.versions(object.key).into_iter().rev();
        let meant = versions.find(|version| object.version_id.is_none_or(|id| id == version.id));
        Ok(meant.map(|version| ObjectFacts {
            size: version.bytes.len() as u64,
            etag: version.etag,
            version_id: Some(version.id),
            last_modified: version.last_modified,
            content_type: None,
            name: version.name,
        }))
    }

    async fn copy_here(&self, source: &ListedObject, facts: &ObjectFacts, bucket: &str, key: &str) -> Result<Upload, ImportError> {
        let versions = self.readable(&source.bucket)?.versions(&source.key);
        let version = versions.into_iter().find(|version| version.etag == facts.etag).ok_or(ImportError::SourceMissing)?;
        Ok(self.bucket(bucket).upload(bucket, key, &version.bytes, version.last_modified))
    }
}

impl ImageStore for MemoryBuckets {
    async fn read_image(&self, image: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        self.bucket(image.bucket).read_image(image).await
    }

    async fn sha256(&self, image: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        self.bucket(image.bucket).sha256(image).await
    }

    async fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), StorageError> {
        self.bucket(bucket).write_jpeg(bucket, key, jpeg).await
    }
}
