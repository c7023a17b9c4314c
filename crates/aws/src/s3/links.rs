//! The port [`Links`] over S3: presigned URLs.

use super::S3;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_types::base64;
use sightline_domain::{
    model::{clock::EpochMillis, error::StorageError, identity::ObjectRef, image_name, percent},
    ports::{Links, SignedRequest, UploadGrant},
};
use std::time::Duration;

/// Headers that every client sends by itself; browsers do not let a page set them.
const SENT_ANYWAY: [&str; 2] = ["host", "content-length"];

impl Links for S3 {
    async fn upload_link(&self, grant: &UploadGrant<'_>) -> Result<SignedRequest, StorageError> {
        const DOING: &str = "signing an upload link";
        let invalid = |source: String| StorageError::Misconfigured { doing: DOING, source: source.into() };
        let digest = bytes(grant.sha256).ok_or_else(|| invalid("the SHA-256 is not hexadecimal".to_owned()))?;
        let size = i64::try_from(grant.size).map_err(|error| invalid(error.to_string()))?;
        let put = self.client.put_object().bucket(grant.bucket).key(grant.key).content_type(grant.content_type).content_length(size);
        let put = put.checksum_sha256(base64::encode(digest)).metadata(image_name::METADATA, grant.name);
        let put = put.set_if_none_match(grant.only_if_new.then(|| "*".to_owned()));
        let signed = put.presigned(expiry(grant.valid, DOING)?).await.map_err(|error| crate::classify::storage(DOING, error))?;
        let headers = signed.headers().filter(|(name, _)| !SENT_ANYWAY.contains(&name.to_ascii_lowercase().as_str()));
        Ok(SignedRequest {
            url: signed.uri().to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }

    async fn download_link(&self, object: ObjectRef<'_>, name: &str, valid: EpochMillis) -> Result<String, StorageError> {
        const DOING: &str = "signing a download link";
        let get = self.client.get_object().bucket(object.bucket).key(object.key).set_version_id(object.version_id.map(str::to_owned));
        // RFC 6266: the encoded name is understood by all browsers, and cannot end the header.
        let get = get.response_content_disposition(format!("attachment; filename*=UTF-8''{}", percent::encode(name).replace('/', "%2F")));
        let signed = get.presigned(expiry(valid, DOING)?).await.map_err(|error| crate::classify::storage(DOING, error))?;
        Ok(signed.uri().to_owned())
    }
}

fn expiry(valid: EpochMillis, doing: &'static str) -> Result<PresigningConfig, StorageError> {
    let valid = Duration::from_millis(u64::try_from(valid).unwrap_or_default());
    PresigningConfig::expires_in(valid).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })
}

/// The bytes of a hexadecimal text; `None` if the text is not hexadecimal.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    (digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)).then(|| digits.chunks(2).map(pair).collect())?
}
