//! Lists buckets. All listings use this module, so that keys are exact.
//!
//! A key can contain characters that XML 1.0 does not allow (U+0001 makes the whole response unreadable) or that an XML parser changes (a
//! carriage return becomes a line feed). So each listing asks S3 to percent-encode keys (`encoding-type=url`, S3 API reference, `ListObjectVersions`),
//! and decodes them here.

use super::S3;
use crate::classify::storage;
use aws_sdk_s3::types::{DeleteMarkerEntry, EncodingType, Object, ObjectVersion};
use sightline_domain::{
    model::{StorageError, percent},
    ports::VersionPosition,
};

/// One page of a listing of versions; keys are decoded.
pub(crate) struct VersionsPage {
    /// Versions, sorted by key, the newest version of each key first.
    pub versions: Vec<ObjectVersion>,
    /// Delete markers.
    pub markers: Vec<DeleteMarkerEntry>,
    /// The start of the next page; `None` on the last page.
    pub next: Option<VersionPosition>,
}

/// One page of a listing of current objects; keys are decoded.
#[derive(Debug)]
pub struct ObjectsPage {
    /// The objects, sorted by key.
    pub objects: Vec<Object>,
    /// The continuation token of the next page; `None` on the last page.
    pub next: Option<String>,
}

impl S3 {
    /// A page of all versions and delete markers of the keys that begin with `prefix`, directly after the position `after`.
    pub(crate) async fn list_versions_page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&VersionPosition>,
    ) -> Result<VersionsPage, StorageError> {
        let request = self.client.list_object_versions().bucket(bucket).prefix(prefix).encoding_type(EncodingType::Url);
        let request = request.set_key_marker(after.map(|position| position.key.clone()));
        let request = request.set_version_id_marker(after.and_then(|position| position.version_id.clone()));
        let page = request.send().await.map_err(|error| storage("listing the object's versions", error))?;
        let encoding = page.encoding_type;
        let decode = |key: &mut Option<String>| *key = decoded(key.take(), encoding.as_ref());
        let (mut versions, mut markers) = (page.versions.unwrap_or_default(), page.delete_markers.unwrap_or_default());
        for version in &mut versions {
            decode(&mut version.key);
        }
        for marker in &mut markers {
            decode(&mut marker.key);
        }
        let next = decoded(page.next_key_marker, encoding.as_ref()).filter(|_| page.is_truncated == Some(true));
        let next = next.map(|key| VersionPosition { key, version_id: page.next_version_id_marker });
        Ok(VersionsPage { versions, markers, next })
    }

    /// A page of the current objects whose keys begin with `prefix`; `token` is [`ObjectsPage::next`] of the previous page.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if S3 cannot be read.
    pub async fn list_objects_page(&self, bucket: &str, prefix: &str, token: Option<String>) -> Result<ObjectsPage, StorageError> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix).encoding_type(EncodingType::Url);
        let page = request.set_continuation_token(token).send().await.map_err(|error| storage("listing the objects", error))?;
        let mut objects = page.contents.unwrap_or_default();
        for object in &mut objects {
            object.key = decoded(object.key.take(), page.encoding_type.as_ref());
        }
        Ok(ObjectsPage { objects, next: page.next_continuation_token.filter(|_| page.is_truncated == Some(true)) })
    }
}

/// Decodes a key. S3 uses form encoding, with `+` for a space (botocore decodes with `unquote_plus`). A store that does not encode keys omits
/// `EncodingType` in its response.
fn decoded(key: Option<String>, encoding: Option<&EncodingType>) -> Option<String> {
    key.map(|key| if encoding == Some(&EncodingType::Url) { percent::decode(&key.replace('+', " ")).unwrap_or(key) } else { key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_an_encoded_listing_are_decoded_exactly() {
        let url = |key: &str| decoded(Some(key.to_owned()), Some(&EncodingType::Url)).unwrap();
        assert_eq!(url("raw-uploads/a+b%2B%C3%BC%25.jpg"), "raw-uploads/a b+ü%.jpg");
        assert_eq!(url("a%252Fb%20%01%0D%0A%E2%80%AE/../%2E"), "a%2Fb \u{1}\r\n\u{202e}/../.");
        assert_eq!(decoded(Some("a+b%25".to_owned()), None).unwrap(), "a+b%25");
    }
}
