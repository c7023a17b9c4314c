//! What a source lists, before anything is looked at.

use sightline_domain::model::identity::is_folder_marker;
use std::collections::HashSet;

/// An object that a source lists, with what the source says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Bucket.
    pub bucket: String,
    /// Exact key.
    pub key: String,
    /// Version, where the source names one.
    pub version_id: Option<String>,
    /// Entity tag without quotes.
    pub etag: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
}

/// Objects over this are refused whatever the settings: the largest `maxBytes` that a deployment may have.
const MAX_BYTES: u64 = 52_428_800;

/// What is not imported, and of each kind how many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Markers of folders.
    pub folders: usize,
    /// Zero bytes.
    pub empty: usize,
    /// More bytes than any setting allows.
    pub too_large: usize,
    /// Named more than once.
    pub repeated: usize,
    /// In our own bucket, but no uploads.
    pub not_uploads: usize,
    /// Deleted, or replaced by a later version.
    pub old_versions: usize,
}

impl LeftOut {
    /// As a sentence's end; `None` where nothing was left out.
    pub fn sentence(&self) -> Option<String> {
        let kinds = [
            (self.folders, if self.folders == 1 { "folder" } else { "folders" }),
            (self.empty, "empty"),
            (self.too_large, "over 50 MB"),
            (self.repeated, "named more than once"),
            (self.not_uploads, "of sightline's own bucket and not below raw-uploads/"),
            (self.old_versions, "deleted or replaced"),
        ];
        let parts: Vec<String> = kinds.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Sorts out by what the source itself says.
#[derive(Debug)]
pub struct Sieve<'a> {
    images_bucket: &'a str,
    seen: HashSet<(String, String, Option<String>)>,
    /// What fell through.
    pub left_out: LeftOut,
}

impl<'a> Sieve<'a> {
    /// For a deployment with this bucket.
    pub fn new(images_bucket: &'a str) -> Self {
        Self { images_bucket, seen: HashSet::new(), left_out: LeftOut::default() }
    }

    /// The deployment's bucket.
    pub const fn images_bucket(&self) -> &'a str {
        self.images_bucket
    }

    /// The entry, unless it is to be left out.
    pub fn keep(&mut self, entry: Entry) -> Option<Entry> {
        let out = &mut self.left_out;
        let counter = if is_folder_marker(&entry.key, entry.size.unwrap_or_default()) {
            &mut out.folders
        } else if entry.bucket == self.images_bucket && !entry.key.starts_with(sightline_domain::model::layout::UPLOADS) {
            &mut out.not_uploads
        } else if entry.size == Some(0) {
            &mut out.empty
        } else if entry.size.is_some_and(|size| size > MAX_BYTES) {
            &mut out.too_large
        } else if !self.seen.insert((entry.bucket.clone(), entry.key.clone(), entry.version_id.clone())) {
            &mut out.repeated
        } else {
            return Some(entry);
        };
        *counter += 1;
        None
    }

    /// The same for an entry whose size was looked up only now.
    pub fn keep_sized(&mut self, entry: Entry) -> Option<Entry> {
        self.seen.remove(&(entry.bucket.clone(), entry.key.clone(), entry.version_id.clone()));
        self.keep(entry)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An entry of the bucket `photos`.
    pub fn entry(key: &str) -> Entry {
        Entry { bucket: "photos".into(), key: key.into(), ..Entry::default() }
    }

    #[test]
    fn what_cannot_be_an_image_is_left_out_and_counted() {
        let mut sieve = Sieve::new("images");
        let sized = |size| Entry { size: Some(size), ..entry("s.jpg") };
        let own = |key: &str| Entry { bucket: "images".into(), ..entry(key) };
        let entries = [
            entry("a.jpg"),
            entry("a.jpg"),
            Entry { version_id: Some("v1".into()), ..entry("a.jpg") },
            entry("2019/"),
            Entry { size: Some(0), ..entry("2020/") },
            Entry { size: Some(1), ..entry("2021/") },
            sized(0),
            sized(MAX_BYTES + 1),
            sized(MAX_BYTES),
            own("processed/x/image.jpg"),
            own("raw-uploads/a.jpg"),
        ];
        let kept: Vec<_> = entries.into_iter().filter_map(|entry| sieve.keep(entry)).map(|entry| entry.key).collect();
        assert_eq!(kept, ["a.jpg", "a.jpg", "2021/", "s.jpg", "raw-uploads/a.jpg"]);
        assert_eq!(
            sieve.left_out.sentence().unwrap(),
            "2 folders, 1 empty, 1 over 50 MB, 1 named more than once, 1 of sightline's own bucket and not below raw-uploads/"
        );
        assert_eq!(LeftOut::default().sentence(), None);
    }

    #[test]
    fn a_size_that_is_learnt_later_still_counts() {
        let mut sieve = Sieve::new("images");
        let kept = sieve.keep(entry("a.jpg")).unwrap();
        assert!(sieve.keep_sized(Entry { size: Some(1), ..kept.clone() }).is_some());
        assert!(sieve.keep_sized(Entry { size: Some(0), ..kept }).is_none());
        assert_eq!((sieve.left_out.repeated, sieve.left_out.empty), (0, 1));
    }
}
