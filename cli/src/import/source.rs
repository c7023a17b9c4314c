//! The source of an import as it is typed, the objects that it lists, and the filter for those that cannot be images.

use sightline_domain::model::{identity::is_folder_marker, layout::UPLOADS};
use std::{collections::HashSet, path::PathBuf, str::FromStr};

/// An object, or a prefix of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub bucket: String,
    /// A key or a prefix.
    pub key: String,
}

/// The place of a list of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    Local(PathBuf),
    S3(Place),
}

/// What to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// All objects with a prefix.
    Prefix(Place),
    /// The objects in a CSV file.
    Manifest(File),
    /// The objects in an S3 Inventory.
    Inventory(File),
}

impl Place {
    /// Parses `s3://bucket/key`.
    pub fn parse(url: &str) -> Option<Self> {
        let (bucket, key) = url.strip_prefix("s3://")?.split_once('/').unwrap_or((url.strip_prefix("s3://")?, ""));
        // S3 user guide, "General purpose bucket naming rules".
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let is_valid = (3..=63).contains(&bucket.len()) && bucket.chars().all(is_allowed);
        is_valid.then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let file = match Place::parse(text) {
            Some(place) => File::S3(place),
            None if text.starts_with("s3://") => {
                return Err("the name of a bucket has 3 to 63 characters: lower-case letters, digits, hyphens and dots".to_owned());
            }
            None => File::Local(PathBuf::from(text)),
        };
        let ends_with = |ending: &str| text.to_ascii_lowercase().ends_with(ending);
        match file {
            file if ends_with(".csv") => Ok(Self::Manifest(file)),
            file if ends_with("manifest.json") => Ok(Self::Inventory(file)),
            File::S3(place) => Ok(Self::Prefix(place)),
            File::Local(_) => Err("a source is s3://bucket/prefix, a manifest .csv or the manifest.json of an S3 Inventory; \
                                   `sightline upload` uploads files and folders"
                .to_owned()),
        }
    }
}

/// An object in a source, with the facts that the source has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub bucket: String,
    pub key: String,
    pub version_id: Option<String>,
    /// Entity tag without quotes.
    pub etag: Option<String>,
    pub size: Option<u64>,
}

/// The largest `maxBytes` that a deployment may have; larger objects are always rejected.
const MAX_BYTES: u64 = 52_428_800;

/// Numbers of the objects that are left out, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Markers of folders.
    pub folders: usize,
    pub empty: usize,
    pub too_large: usize,
    /// Listed more than once.
    pub repeated: usize,
    /// In the images bucket, but not uploads.
    pub not_uploads: usize,
    /// Deleted, or replaced by a later version.
    pub old_versions: usize,
}

impl LeftOut {
    /// A list such as `2 folders, 1 empty`; `None` if nothing was left out.
    pub fn sentence(&self) -> Option<String> {
        let kinds = [
            (self.folders, if self.folders == 1 { "folder" } else { "folders" }),
            (self.empty, "empty"),
            (self.too_large, "over 50 MB"),
            (self.repeated, "listed more than once"),
            (self.not_uploads, "in the images bucket outside raw-uploads/"),
            (self.old_versions, "deleted or replaced"),
        ];
        let parts: Vec<String> = kinds.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Leaves out objects that cannot be images, by the facts of the source.
#[derive(Debug)]
pub struct Filter<'a> {
    images_bucket: &'a str,
    seen: HashSet<(String, String, Option<String>)>,
    pub left_out: LeftOut,
}

impl<'a> Filter<'a> {
    pub fn new(images_bucket: &'a str) -> Self {
        Self { images_bucket, seen: HashSet::new(), left_out: LeftOut::default() }
    }

    pub const fn images_bucket(&self) -> &'a str {
        self.images_bucket
    }

    /// Returns the entry, or counts it as left out.
    pub fn keep(&mut self, entry: Entry) -> Option<Entry> {
        let out = &mut self.left_out;
        let counter = if is_folder_marker(&entry.key, entry.size.unwrap_or_default()) {
            &mut out.folders
        } else if entry.bucket == self.images_bucket && !entry.key.starts_with(UPLOADS) {
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

    /// Like [`Filter::keep`], for a kept entry whose size was unknown then.
    pub fn keep_sized(&mut self, entry: Entry) -> Option<Entry> {
        self.seen.remove(&(entry.bucket.clone(), entry.key.clone(), entry.version_id.clone()));
        self.keep(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_of_source_is_known_by_its_name() {
        let place = |bucket: &str, key: &str| Place { bucket: bucket.into(), key: key.into() };
        for (text, source) in [
            ("s3://photos", Source::Prefix(place("photos", ""))),
            ("s3://photos/2019/a b", Source::Prefix(place("photos", "2019/a b"))),
            ("s3://photos/list.CSV", Source::Manifest(File::S3(place("photos", "list.CSV")))),
            ("a/list.csv", Source::Manifest(File::Local("a/list.csv".into()))),
            ("s3://inv/x/manifest.json", Source::Inventory(File::S3(place("inv", "x/manifest.json")))),
        ] {
            assert_eq!(text.parse(), Ok(source), "{text}");
        }
        for wrong in ["", "s3://", "s3:///a", "s3://A_b/c", "s3://ab", "photos/", "a.jpg", "https://x/y.jpg"] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
    }

    fn entry(key: &str) -> Entry {
        Entry { bucket: "photos".into(), key: key.into(), ..Entry::default() }
    }

    #[test]
    fn objects_that_cannot_be_images_are_left_out_and_counted() {
        let mut filter = Filter::new("images");
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
        let kept: Vec<_> = entries.into_iter().filter_map(|entry| filter.keep(entry)).map(|entry| entry.key).collect();
        assert_eq!(kept, ["a.jpg", "a.jpg", "2021/", "s.jpg", "raw-uploads/a.jpg"]);
        assert_eq!(
            filter.left_out.sentence().unwrap(),
            "2 folders, 1 empty, 1 over 50 MB, 1 listed more than once, 1 in the images bucket outside raw-uploads/"
        );
        assert_eq!(LeftOut::default().sentence(), None);
    }

    #[test]
    fn size_that_is_read_later_is_filtered_too() {
        let mut filter = Filter::new("images");
        let kept = filter.keep(entry("a.jpg")).unwrap();
        assert!(filter.keep_sized(Entry { size: Some(1), ..kept.clone() }).is_some());
        assert!(filter.keep_sized(Entry { size: Some(0), ..kept }).is_none());
        assert_eq!((filter.left_out.repeated, filter.left_out.empty), (0, 1));
    }
}
