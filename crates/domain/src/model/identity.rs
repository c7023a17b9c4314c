//! The ids and keys of uploads and images.

use crate::model::layout::UPLOADS;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The owner of uploads whose key does not name one.
pub const DEFAULT_OWNER: &str = "default";

/// Characters of a hyphenated UUID.
const UUID_CHARS: usize = 36;

/// Namespace of our UUIDv5 ids. It was generated once and must never change: all ids depend on it.
const NAMESPACE: Uuid = Uuid::from_u128(0x9a3c_1f0e_5d5b_5c8e_a4a1_7f3e_2b60_c9d4);

/// A reference to an object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Exact key.
    pub key: &'a str,
    /// Version; `None` for the current version.
    pub version_id: Option<&'a str>,
}

impl<'a> ObjectRef<'a> {
    /// The current version of the object at `key`.
    pub const fn current(bucket: &'a str, key: &'a str) -> Self {
        Self { bucket, key, version_id: None }
    }
}

/// One version of an uploaded object, as an event names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Bucket.
    pub bucket: String,
    /// Exact key.
    pub key: String,
    /// Version, if the event names one.
    pub version_id: Option<String>,
    /// Entity tag without quotes.
    pub etag: String,
}

impl Upload {
    /// The owner in keys of the form `raw-uploads/{owner}/{uuid}.{ext}`; [`DEFAULT_OWNER`] for other keys.
    pub fn owner_id(&self) -> &str {
        self.owner_and_uuid().map_or(DEFAULT_OWNER, |(owner, _)| owner)
    }

    /// The candidate ids of this upload, in order: the UUID in its key, if it has one, then [`Upload::derived_id`].
    ///
    /// The second id is for a key that was overwritten with other content: a record under the first id belongs to this upload only if it has
    /// the same content.
    pub fn candidate_ids(&self) -> Vec<String> {
        self.owner_and_uuid().map(|(_, id)| id.to_string()).into_iter().chain([self.derived_id()]).collect()
    }

    /// [`Upload::candidate_ids`], followed by the ids that the upload has if its event names no version, as on a local stack.
    pub fn all_candidate_ids(&self) -> Vec<String> {
        let mut ids = self.candidate_ids();
        for id in (Self { version_id: None, ..self.clone() }).candidate_ids() {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// The common prefix of all keys that name the same image: the key up to the end of its UUID, without the extension. `None` if the key
    /// contains no UUID.
    pub fn image_prefix(&self) -> Option<&str> {
        let (owner, _) = self.owner_and_uuid()?;
        self.key.get(..UPLOADS.len() + owner.len() + 1 + UUID_CHARS)
    }

    /// Whether `key` is the key of this upload or names the same image, as `….jpg` and `….jpeg` do.
    pub fn shares_image_with(&self, key: &str) -> bool {
        let other = Self { key: key.to_owned(), ..self.clone() };
        self.key == key || (self.image_prefix().is_some() && self.image_prefix() == other.image_prefix())
    }

    /// The UUIDv5 of bucket, key and version, or of bucket, key and entity tag if there is no version.
    pub fn derived_id(&self) -> String {
        let version = self.version_id.as_deref().unwrap_or(&self.etag);
        let name = [self.bucket.as_str(), self.key.as_str(), version].join("\u{0}");
        Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
    }

    /// Owner and UUID of a key of the form `raw-uploads/{owner}/{uuid}.{ext}`.
    fn owner_and_uuid(&self) -> Option<(&str, Uuid)> {
        let (owner, file) = self.key.strip_prefix(UPLOADS)?.split_once('/')?;
        let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
        // '#' is the separator in the keys of the label index. `try_parse` also accepts a UUID without hyphens, which may be an MD5.
        (stem.len() == UUID_CHARS && !owner.is_empty() && !owner.contains('#')).then(|| Uuid::try_parse(stem).ok())?.map(|id| (owner, id))
    }
}

/// Whether an object of `size` bytes at `key` is a folder marker and not an upload. For a folder, the S3 console creates an object of zero
/// bytes whose key ends in a slash (S3 user guide, "Organizing objects in the Amazon S3 console by using folders").
pub fn is_folder_marker(key: &str, size: u64) -> bool {
    size == 0 && key.ends_with('/')
}

/// The key for an upload, and the image's id. Both are derived from owner and content, so the same content of an owner is the same image.
///
/// `sha256` is the lower-case hex digest of the content; `extension` has no dot and may be empty.
pub fn content_key(owner_id: &str, sha256: &str, extension: &str) -> (String, String) {
    let id = Uuid::new_v5(&NAMESPACE, format!("{owner_id}\u{0}{sha256}").as_bytes()).to_string();
    (key_with_id(owner_id, &id, extension), id)
}

/// [`content_key`] of content whose image was erased at `erased_at` (epoch milliseconds). The tombstone can still refuse the id of the erased
/// image, and a key is accepted once, so that the upload after an erasure has its own of both.
pub fn content_key_after(owner_id: &str, sha256: &str, extension: &str, erased_at: i64) -> (String, String) {
    let id = Uuid::new_v5(&NAMESPACE, format!("{owner_id}\u{0}{sha256}\u{0}{erased_at}").as_bytes()).to_string();
    (key_with_id(owner_id, &id, extension), id)
}

/// The key for the copy of an object that is imported from `bucket`, and the image's id: the same object of an owner is the same image.
///
/// They are derived from the entity tag and not from the version, because not every list of objects contains versions.
pub fn imported_key(owner_id: &str, bucket: &str, key: &str, etag: &str) -> (String, String) {
    let id = Uuid::new_v5(&NAMESPACE, ["import", owner_id, bucket, key, etag].join("\u{0}").as_bytes()).to_string();
    (key_with_id(owner_id, &id, &extension(key)), id)
}

fn key_with_id(owner_id: &str, id: &str, extension: &str) -> String {
    let dot = if extension.is_empty() { "" } else { "." };
    format!("{UPLOADS}{owner_id}/{id}{dot}{extension}")
}

/// The extension of a name or key, in a form that is safe in keys: lower-case letters and digits, at most eight.
pub fn extension(name: &str) -> String {
    const MAX: usize = 8;
    let file = name.rsplit('/').next().unwrap_or(name);
    let extension =
        file.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension.to_lowercase()).unwrap_or_default();
    extension.chars().filter(char::is_ascii_alphanumeric).take(MAX).collect()
}

/// The SHA-256 of content that is read in pieces.
#[derive(Debug, Clone, Default)]
pub struct ContentHash(Sha256);

impl ContentHash {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces, in lower-case hex.
    pub fn hex(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// The lower-case hex SHA-256 of `bytes`.
pub fn hex_sha256(bytes: &[u8]) -> String {
    let mut hash = ContentHash::default();
    hash.update(bytes);
    hash.hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(key: &str, version: Option<&str>, etag: &str) -> Upload {
        Upload { bucket: "b".into(), key: key.into(), version_id: version.map(Into::into), etag: etag.into() }
    }

    #[test]
    fn a_key_with_a_uuid_names_owner_and_image() {
        let (key, id) = content_key("anna", "abc", "jpg");
        let upload = upload(&key, Some("v1"), "e1");
        assert_eq!(upload.owner_id(), "anna");
        assert_eq!(upload.candidate_ids().first(), Some(&id));
    }

    #[test]
    fn any_other_key_belongs_to_the_default_owner_and_its_id_depends_on_the_version() {
        let key = "raw-uploads/holiday/0123456789abcdef0123456789abcdef.jpg";
        let (first, second) = (upload(key, Some("v1"), "e"), upload(key, Some("v2"), "e"));
        assert_eq!(first.owner_id(), DEFAULT_OWNER);
        assert_eq!(first.candidate_ids(), [first.derived_id()]);
        assert_ne!(first.derived_id(), second.derived_id());
    }

    #[test]
    fn without_versions_the_id_depends_on_the_entity_tag() {
        assert_ne!(upload("raw-uploads/a.jpg", None, "e1").derived_id(), upload("raw-uploads/a.jpg", None, "e2").derived_id());
    }

    #[test]
    fn keys_that_differ_only_in_their_extension_name_the_same_image() {
        let (jpg, id) = content_key("anna", "abc", "jpg");
        let upload = upload(&jpg, None, "e");
        assert_eq!(upload.image_prefix(), Some(format!("raw-uploads/anna/{id}").as_str()));
        for (extension, same) in [(".jpeg", true), ("", true), (".tar.gz", true), ("x.jpg", false), ("0", false)] {
            assert_eq!(upload.shares_image_with(&format!("raw-uploads/anna/{id}{extension}")), same, "{extension}");
        }
        assert!(!upload.shares_image_with(&format!("raw-uploads/ben/{id}.jpg")), "another owner");
        let plain = Upload { key: "raw-uploads/a.jpg".into(), ..upload };
        assert!(
            plain.image_prefix().is_none() && plain.shares_image_with("raw-uploads/a.jpg") && !plain.shares_image_with("raw-uploads/b.jpg")
        );
    }

    #[test]
    fn the_same_imported_object_of_an_owner_is_the_same_image() {
        let (key, id) = imported_key("anna", "photos", "2019/a b.JPG", "e1");
        let copy = upload(&key, Some("v1"), "another");
        assert_eq!((copy.owner_id(), copy.candidate_ids().first()), ("anna", Some(&id)));
        assert_eq!(key, format!("raw-uploads/anna/{id}.jpg"));
        for (owner, bucket, key, etag) in
            [("ben", "photos", "2019/a b.JPG", "e1"), ("anna", "photos2", "019/a b.JPG", "e1"), ("anna", "photos", "2019/a b.JPG", "e2")]
        {
            assert_ne!(imported_key(owner, bucket, key, etag).1, id);
        }
    }

    #[test]
    fn extensions_are_safe_in_keys() {
        for (name, expected) in [
            ("a.JPeG", "jpeg"),
            ("a", ""),
            ("a.tar.gz", "gz"),
            ("x.d/a", ""),
            ("a.j%p&g", "jpg"),
            ("a.ÄPNG", "png"),
            (".jpg", ""),
            ("b/.jpg", ""),
        ] {
            assert_eq!(extension(name), expected, "{name}");
        }
    }

    #[test]
    fn the_parts_of_a_name_are_separated() {
        let (mut one, mut two) = (upload("bc", Some("v"), ""), upload("c", Some("v"), ""));
        one.bucket = "a".into();
        two.bucket = "ab".into();
        assert_ne!(one.derived_id(), two.derived_id());
    }
}
