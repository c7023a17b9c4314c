//! Where the bytes of an image come from.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::S3Reader;
use crate::{
    refusal::{Code, Refusal},
    request::{ImageField, S3Object},
};

/// As documented for `Image.Bytes`.
const MAX_INLINE_BYTES: usize = 5 * 1024 * 1024;

/// An image that has been handed over, or can be fetched.
#[derive(Debug)]
pub enum Source {
    /// The encoded image.
    Inline(Vec<u8>),
    S3 {
        bucket: String,
        key: String,
        version: Option<String>,
    },
}

/// Exactly one of `Bytes` and `S3Object`, complete and not too large.
pub fn source(image: Option<&ImageField<'_>>) -> Result<Source, Refusal> {
    match image {
        Some(ImageField { bytes: Some(base64), s3_object: None }) => inline(base64),
        Some(ImageField { bytes: None, s3_object: Some(object) }) => in_s3(object),
        _ => Err(Refusal::parameter("Image must hold either Bytes or S3Object")),
    }
}

/// The size is known from the length of the text, before it is decoded.
fn inline(base64: &str) -> Result<Source, Refusal> {
    let padding = base64.bytes().rev().take(2).filter(|byte| *byte == b'=').count();
    if (base64.len() / 4 * 3).saturating_sub(padding) > MAX_INLINE_BYTES {
        return Err(Refusal::new(Code::ImageTooLarge, "Image size is too large: Bytes may be up to 5 MB, an S3Object up to 15 MB"));
    }
    match BASE64_STANDARD.decode(base64) {
        Ok(bytes) if bytes.is_empty() => Err(Refusal::parameter("Image.Bytes is empty")),
        Ok(bytes) => Ok(Source::Inline(bytes)),
        Err(_) => Err(Refusal::new(Code::Serialization, "Image.Bytes is not base64")),
    }
}

fn in_s3(object: &S3Object) -> Result<Source, Refusal> {
    let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    match (given(&object.bucket), given(&object.name)) {
        (Some(bucket), Some(key)) => Ok(Source::S3 { bucket, key, version: given(&object.version) }),
        _ => Err(Refusal::parameter("S3Object needs Bucket and Name")),
    }
}

impl Source {
    /// The encoded image; fetches it where it has to.
    pub async fn read(self, s3: Option<&S3Reader>) -> Result<Vec<u8>, Refusal> {
        match (self, s3) {
            (Self::Inline(bytes), _) => Ok(bytes),
            (Self::S3 { bucket, key, version }, Some(s3)) => s3.read(bucket, key, version).await,
            (Self::S3 { .. }, None) => Err(Refusal::not_here("an S3Object while this server runs without --s3-endpoint")),
        }
    }
}
