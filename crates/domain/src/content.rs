//! Whether two uploads are the same content.

use crate::{
    error::StorageError,
    identity::{Upload, content_key},
    ports::{ImageStore, ObjectRef, UploadFacts},
    record::Record,
};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Objects above this are not read for comparison only, bytes.
const MAX_COMPARED: u64 = 64 << 20;

/// A SHA-256 of content that comes in pieces.
#[derive(Debug, Clone, Default)]
pub struct ContentHash(Sha256);

impl ContentHash {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces, in lower-case hex.
    pub fn hex(self) -> String {
        self.0.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// The lower-case hex SHA-256 of `bytes`.
pub fn hex_sha256(bytes: &[u8]) -> String {
    let mut hash = ContentHash::default();
    hash.update(bytes);
    hash.hex()
}

/// Whether `known` is the record of the content of `upload`.
///
/// Under KMS the same content has another entity tag with every upload (S3 API reference, `Object`); a key that is named by its
/// content ([`content_key`]) proves itself.
pub async fn is_same(images: &impl ImageStore, known: &Record, upload: &Upload, facts: Option<&UploadFacts>) -> Result<bool, StorageError> {
    if known.etag == upload.etag {
        return Ok(true);
    }
    let Some(facts) = facts.filter(|facts| facts.size == known.size && facts.size <= MAX_COMPARED) else { return Ok(false) };
    let original = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: facts.version_id.as_deref() };
    let sha256 = images.sha256(original).await?;
    Ok(sha256.is_some_and(|sha256| content_key(upload.owner_id(), &sha256, "").1 == known.image_id))
}
