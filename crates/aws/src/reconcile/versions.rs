//! Listing all versions of all uploads.

use crate::{
    classify::storage,
    objects::{Objects, millis, size},
};
use aws_sdk_s3::types::{EncodingType, ObjectVersion};
use sightline_domain::{
    error::StorageError,
    identity::Upload,
    layout,
    ports::ObjectRef,
    reconcile::{Page, UploadVersion, UploadVersions, VersionPlace},
};

/// What S3 calls the version of an object on a bucket without versions.
const NO_VERSION: &str = "null";

impl UploadVersions for Objects {
    async fn versions(&self, bucket: &str, after: Option<&VersionPlace>) -> Result<Page<UploadVersion, VersionPlace>, StorageError> {
        // Encoded, since a key may hold characters that XML cannot.
        let request = self.client.list_object_versions().bucket(bucket).prefix(layout::UPLOADS).encoding_type(EncodingType::Url);
        let request = request.set_key_marker(after.map(|place| place.key.clone()));
        let request = request.set_version_id_marker(after.and_then(|place| place.version_id.clone()));
        let page = request.send().await.map_err(|error| storage("listing the uploads", error))?;
        let encoded = page.encoding_type == Some(EncodingType::Url);
        let key = |key: String| if encoded { decode(&key) } else { key };
        let next = page.next_key_marker.filter(|_| page.is_truncated == Some(true)).map(|marker| VersionPlace {
            key: key(marker),
            version_id: page.next_version_id_marker.filter(|version| version != NO_VERSION),
        });
        let version = |version: ObjectVersion| UploadVersion {
            upload: Upload {
                bucket: bucket.to_owned(),
                key: key(version.key.unwrap_or_default()),
                version_id: version.version_id.filter(|version| version != NO_VERSION),
                etag: version.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            },
            size: size(version.size),
            last_modified: millis(version.last_modified),
        };
        Ok(Page { items: page.versions.unwrap_or_default().into_iter().map(version).collect(), next })
    }

    async fn status(&self, upload: &Upload) -> Result<Option<String>, StorageError> {
        let request = self.client.get_object_tagging().bucket(&upload.bucket).key(&upload.key).set_version_id(upload.version_id.clone());
        let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: upload.version_id.as_deref() };
        let tagging = self.found_or_absent("reading the original's tags", object, request.send().await).await?;
        let mut tags = tagging.map(|tagging| tagging.tag_set).unwrap_or_default().into_iter();
        Ok(tags.find(|tag| tag.key == "status").map(|tag| tag.value))
    }
}

/// Decodes a key of a listing: percent-encoded, with `+` for blanks.
fn decode(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()) << 4 | hex(rest.next()),
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: Option<u8>) -> u8 {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16)).unwrap_or_default();
    u8::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn keys_of_a_listing_come_back_as_they_are() {
        assert_eq!(decode("raw-uploads/a+b%2B%C3%BC%25%01.jpg"), "raw-uploads/a b+ü%\u{1}.jpg");
    }
}
