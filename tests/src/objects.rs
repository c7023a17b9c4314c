//! A versioned bucket in memory.

use sightline_domain::{
    model::{
        analysis::{Question, StoredAnswer},
        clock::EpochMillis,
        error::StorageError,
        identity::{ObjectRef, Upload, hex_sha256},
        layout, percent,
    },
    ports::{
        Content, FetchedUpload, Links, ObjectVersion, Objects, Page, SignedRequest, TAGGED_STATUSES, Tagged, UploadFacts, UploadGrant,
        UploadVersion, Uploads, VersionPosition,
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its entity tag.
    pub etag: String,
    /// Epoch milliseconds.
    pub last_modified: EpochMillis,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its metadata `filename`.
    pub name: Option<String>,
    /// The question of a stored answer, JSON.
    pub question: Option<String>,
    /// Whether it is a delete marker.
    pub marker: bool,
}

#[derive(Debug, Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<Version>>,
    /// Versions so far, by key: the id of a deleted version is not reused.
    counts: BTreeMap<String, usize>,
}

impl Bucket {
    fn add(&mut self, key: &str, bytes: &[u8], last_modified: EpochMillis, marker: bool) -> Version {
        let count = self.counts.entry(key.to_owned()).or_default();
        *count += 1;
        let version = Version {
            id: format!("v{count}"),
            bytes: bytes.to_vec(),
            etag: etag(bytes),
            last_modified,
            tags: BTreeMap::new(),
            name: None,
            question: None,
            marker,
        };
        self.objects.entry(key.to_owned()).or_default().push(version.clone());
        version
    }
}

/// The bucket; its name is ignored.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects(Arc<Mutex<Bucket>>);

impl MemoryObjects {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a version; returns its key, version and entity tag.
    pub fn upload(&self, bucket: &str, key: &str, bytes: &[u8], last_modified: EpochMillis) -> Upload {
        let version = self.bucket().add(key, bytes, last_modified, false);
        Upload { bucket: bucket.to_owned(), key: key.to_owned(), version_id: Some(version.id), etag: version.etag }
    }

    /// Sets the metadata `filename` of the current version of a key.
    pub fn set_name(&self, key: &str, name: &str) {
        self.change_newest(key, |version| version.name = Some(name.to_owned()));
    }

    /// Adds a delete marker, as deleting an object without a version id does.
    pub fn mark_deleted(&self, key: &str) {
        self.bucket().add(key, &[], 0, true);
    }

    /// Adds a version by a multipart upload, whose entity tag contains the number of parts.
    pub fn upload_multipart(&self, bucket: &str, key: &str, bytes: &[u8], began: EpochMillis) -> Upload {
        let upload = self.upload(bucket, key, bytes, began);
        let etag = format!("{}-2", upload.etag);
        self.change_newest(key, |version| version.etag.clone_from(&etag));
        Upload { etag, ..upload }
    }

    /// Adds a version with a unique entity tag, as under KMS.
    pub fn upload_encrypted(&self, bucket: &str, key: &str, bytes: &[u8], last_modified: EpochMillis) -> Upload {
        let mut upload = self.upload(bucket, key, bytes, last_modified);
        upload.etag.push_str(upload.version_id.as_deref().unwrap_or_default());
        self.change_newest(key, |version| version.etag.clone_from(&upload.etag));
        upload
    }

    /// Removes an object with all its versions.
    pub fn remove(&self, key: &str) {
        self.bucket().objects.remove(key);
    }

    fn remove_version(&self, key: &str, id: &str) {
        let mut bucket = self.bucket();
        if let Some(left) = bucket.objects.get_mut(key) {
            left.retain(|version| version.id != id);
        }
        bucket.objects.retain(|_, versions| !versions.is_empty());
    }

    /// Changes the question that is stored with an answer.
    pub fn set_question(&self, key: &str, question: &str) {
        self.change_newest(key, |version| version.question = Some(question.to_owned()));
    }

    /// Sets a tag of the newest version of a key, as an uploader can.
    pub fn set_tag(&self, key: &str, name: &str, value: &str) {
        self.change_newest(key, |version| drop(version.tags.insert(name.to_owned(), value.to_owned())));
    }

    fn change_newest(&self, key: &str, change: impl FnOnce(&mut Version)) {
        if let Some(version) = self.bucket().objects.get_mut(key).and_then(|versions| versions.last_mut()) {
            change(version);
        }
    }

    /// The keys of all objects.
    pub fn current_keys(&self) -> Vec<String> {
        self.keys().into_iter().filter(|key| self.current(key).is_some()).collect()
    }

    /// All keys that have a version or a delete marker.
    pub fn keys(&self) -> Vec<String> {
        self.bucket().objects.keys().cloned().collect()
    }

    /// The current version.
    pub fn current(&self, key: &str) -> Option<Version> {
        self.bucket().objects.get(key).and_then(|versions| versions.last().cloned()).filter(|version| !version.marker)
    }

    /// All versions and delete markers, oldest first.
    pub fn versions_of(&self, key: &str) -> Vec<Version> {
        self.bucket().objects.get(key).cloned().unwrap_or_default()
    }

    /// The version that `object` names.
    pub(crate) fn get(&self, object: &ObjectRef<'_>) -> Option<Version> {
        match object.version_id {
            Some(id) => self.versions_of(object.key).into_iter().find(|version| version.id == id && !version.marker),
            None => self.current(object.key),
        }
    }
}

/// An entity tag computed from the content, in place of S3's MD5.
fn etag(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

fn listed_version(key: &str, version: &Version) -> ObjectVersion {
    let Version { etag, last_modified, .. } = version.clone();
    let content = Content { etag, size: version.bytes.len() as u64, last_modified };
    ObjectVersion { key: key.to_owned(), version_id: version.id.clone(), content: (!version.marker).then_some(content) }
}

/// The tag of handled originals.
const STATUS_TAG: &str = "status";
/// Tags that an object can have besides [`STATUS_TAG`] before there is no room for it.
const MAX_TAGS: usize = 10;
/// Versions on one page: few, so that tests read several pages.
const PAGE: usize = 3;

impl Objects for MemoryObjects {
    async fn read(&self, image: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.get(&image).map(|version| version.bytes))
    }

    async fn sha256(&self, image: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        Ok(self.get(&image).map(|version| hex_sha256(&version.bytes)))
    }

    async fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), StorageError> {
        self.upload(bucket, key, &jpeg, 0);
        Ok(())
    }

    async fn write_json(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), StorageError> {
        self.upload(bucket, key, &json, 0);
        Ok(())
    }

    async fn read_answer(&self, _: &str, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        Ok(self.current(key).map(|version| StoredAnswer { json: version.bytes, question: version.question }))
    }

    async fn write_answer(&self, bucket: &str, key: &str, json: Vec<u8>, question: &Question) -> Result<(), StorageError> {
        self.upload(bucket, key, &json, 0);
        self.set_question(key, &serde_json::to_string(question).unwrap_or_default());
        Ok(())
    }

    async fn copy(&self, from: ObjectRef<'_>, to: &str) -> Result<(), StorageError> {
        if let Some(Version { bytes, last_modified, tags, name, question, .. }) = self.get(&from) {
            self.upload(from.bucket, to, &bytes, last_modified);
            self.change_newest(to, |copy| (copy.tags, copy.name, copy.question) = (tags, name, question));
        }
        Ok(())
    }

    async fn delete(&self, image: ObjectRef<'_>) -> Result<(), StorageError> {
        match image.version_id {
            Some(id) => self.remove_version(image.key, id),
            None => self.mark_deleted(image.key),
        }
        Ok(())
    }

    async fn tag_status(&self, image: ObjectRef<'_>, status: &str) -> Result<Tagged, StorageError> {
        let Some(Version { id, tags, .. }) = self.get(&image) else { return Ok(Tagged::Gone) };
        if tags.keys().filter(|name| *name != STATUS_TAG).count() >= MAX_TAGS {
            return Ok(Tagged::NoRoom);
        }
        let mut bucket = self.bucket();
        let versions = bucket.objects.get_mut(image.key).map(Vec::as_mut_slice).unwrap_or_default();
        if let Some(version) = versions.iter_mut().find(|version| version.id == id) {
            version.tags.insert(STATUS_TAG.to_owned(), status.to_owned());
        }
        Ok(Tagged::Yes)
    }

    async fn list_versions(&self, _: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        let bucket = self.bucket();
        let listed = bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let versions = listed.flat_map(|(key, versions)| versions.iter().map(|version| listed_version(key, version)));
        Ok(versions.collect())
    }

    async fn delete_versions(&self, _: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        for gone in versions {
            self.remove_version(&gone.key, &gone.version_id);
        }
        Ok(())
    }
}

/// Signatures are not checked: the links name what they allow.
impl Links for MemoryObjects {
    async fn upload_link(&self, grant: &UploadGrant<'_>) -> Result<SignedRequest, StorageError> {
        let mut headers = BTreeMap::from([
            ("content-type".to_owned(), grant.content_type.to_owned()),
            ("x-amz-checksum-sha256".to_owned(), grant.sha256.to_owned()),
            ("x-amz-meta-filename".to_owned(), grant.name.to_owned()),
        ]);
        if grant.only_if_new {
            headers.insert("if-none-match".to_owned(), "*".to_owned());
        }
        let url = format!("https://{}.example.com/{}?length={}&valid={}", grant.bucket, grant.key, grant.size, grant.valid);
        Ok(SignedRequest { url, headers })
    }

    async fn download_link(&self, object: ObjectRef<'_>, name: &str, valid: EpochMillis) -> Result<String, StorageError> {
        Ok(format!("https://{}.example.com/{}?name={}&valid={valid}", object.bucket, object.key, percent::encode(name)))
    }
}

impl Uploads for MemoryObjects {
    async fn find(&self, upload: &Upload) -> Result<Option<UploadFacts>, StorageError> {
        Ok(self.fetch(upload, 0).await?.map(|fetched| fetched.facts))
    }

    async fn fetch(&self, upload: &Upload, max_bytes: u64) -> Result<Option<FetchedUpload>, StorageError> {
        let mut newest_first = self.versions_of(&upload.key).into_iter().rev().filter(|version| !version.marker);
        let meant = match &upload.version_id {
            Some(id) => newest_first.find(|version| version.id == *id),
            None if upload.etag.is_empty() => self.current(&upload.key),
            None => newest_first.find(|version| version.etag == upload.etag),
        };
        let fetched = |version: Version| {
            let size = version.bytes.len() as u64;
            let facts = UploadFacts { size, last_modified: version.last_modified, version_id: Some(version.id), name: version.name };
            FetchedUpload { facts, bytes: if size > max_bytes { Vec::new() } else { version.bytes } }
        };
        Ok(meant.map(fetched))
    }

    async fn first_uploaded(&self, upload: &Upload, after: Option<EpochMillis>) -> Result<Option<EpochMillis>, StorageError> {
        let keys = self.keys().into_iter().filter(|key| upload.shares_image_with(key));
        let versions = keys.flat_map(|key| self.versions_of(&key)).filter(|version| !version.marker);
        Ok(versions.map(|version| version.last_modified).filter(|at| after.is_none_or(|after| *at > after)).min())
    }

    async fn versions(&self, bucket: &str, after: Option<&VersionPosition>) -> Result<Page<UploadVersion, VersionPosition>, StorageError> {
        let held = self.bucket();
        let uploads = held.objects.iter().filter(|(key, _)| key.starts_with(layout::UPLOADS));
        let all =
            uploads.flat_map(|(key, versions)| versions.iter().rev().filter(|version| !version.marker).map(move |version| (key, version)));
        let place = |key: &String, version: &Version| VersionPosition { key: key.clone(), version_id: Some(version.id.clone()) };
        let behind = all.skip_while(|(key, version)| {
            after.is_some_and(|after| **key < after.key || (**key == after.key && place(key, version) != *after))
        });
        let behind: Vec<_> = behind.filter(|(key, version)| after.is_none_or(|after| place(key, version) != *after)).collect();
        let item = |(key, version): &(&String, &Version)| UploadVersion {
            upload: Upload {
                bucket: bucket.to_owned(),
                key: (*key).clone(),
                version_id: Some(version.id.clone()),
                etag: version.etag.clone(),
            },
            size: version.bytes.len() as u64,
            last_modified: version.last_modified,
        };
        let items: Vec<_> = behind.iter().take(PAGE).map(item).collect();
        let last = behind.iter().take(PAGE).next_back().filter(|_| behind.len() > PAGE);
        Ok(Page { items, unreadable: Vec::new(), next: last.map(|(key, version)| place(key, version)) })
    }

    async fn status(&self, upload: &Upload) -> Result<Option<String>, StorageError> {
        let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: upload.version_id.as_deref() };
        let status = self.get(&object).and_then(|mut version| version.tags.remove(STATUS_TAG));
        Ok(status.filter(|status| TAGGED_STATUSES.contains(&status.as_str())))
    }
}
