//! Reads the bytes of a request's image: inline, or from the local S3.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    operation::get_object::{GetObjectError, GetObjectOutput},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    error::{ApiError, Code},
    wire::{ImageField, S3Object},
};

/// Rekognition's maximum for `Image.Bytes`.
const MAX_INLINE_BYTES: usize = 5 * 1024 * 1024;
/// Rekognition's maximum for an image in S3.
const MAX_OBJECT_BYTES: i64 = 15 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);

/// The image of a request.
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

impl Source {
    /// Checks the field `Image`.
    ///
    /// # Errors
    /// `InvalidParameterException` unless there is exactly one of `Bytes` and `S3Object`; `ImageTooLargeException` and
    /// `SerializationException` for `Bytes`.
    pub fn new(image: Option<&ImageField<'_>>) -> Result<Self, ApiError> {
        match image {
            Some(ImageField { bytes: Some(base64), s3_object: None }) => inline(base64),
            Some(ImageField { bytes: None, s3_object: Some(object) }) => in_s3(object),
            _ => Err(ApiError::invalid_parameter("Image must hold either Bytes or S3Object")),
        }
    }

    /// The bytes of the image, read from S3 if necessary.
    ///
    /// # Errors
    /// Those of [`S3Reader::read`]; `NotSupportedLocallyException` for an `S3Object` without an S3 endpoint.
    pub async fn read(self, s3: Option<&S3Reader>) -> Result<Vec<u8>, ApiError> {
        match (self, s3) {
            (Self::Inline(bytes), _) => Ok(bytes),
            (Self::S3 { bucket, key, version }, Some(s3)) => s3.read(bucket, key, version).await,
            (Self::S3 { .. }, None) => Err(ApiError::not_supported_locally("an S3Object while this server runs without --s3-endpoint")),
        }
    }
}

/// Decodes `Bytes`. The size is checked before, from the length of the text.
fn inline(base64: &str) -> Result<Source, ApiError> {
    let padding = base64.bytes().rev().take(2).filter(|byte| *byte == b'=').count();
    if (base64.len() / 4 * 3).saturating_sub(padding) > MAX_INLINE_BYTES {
        return Err(ApiError::new(Code::ImageTooLarge, "Image size is too large: Bytes may be up to 5 MB, an S3Object up to 15 MB"));
    }
    match BASE64_STANDARD.decode(base64) {
        Ok(bytes) if bytes.is_empty() => Err(ApiError::invalid_parameter("Image.Bytes is empty")),
        Ok(bytes) => Ok(Source::Inline(bytes)),
        Err(_) => Err(ApiError::new(Code::Serialization, "Image.Bytes is not base64")),
    }
}

fn in_s3(object: &S3Object) -> Result<Source, ApiError> {
    let non_empty = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    match (non_empty(&object.bucket), non_empty(&object.name)) {
        (Some(bucket), Some(key)) => Ok(Source::S3 { bucket, key, version: non_empty(&object.version) }),
        _ => Err(ApiError::invalid_parameter("S3Object needs Bucket and Name")),
    }
}

/// Reads images from one S3 endpoint, always with the local stack's keys.
#[derive(Debug)]
pub struct S3Reader {
    client: Client,
}

impl S3Reader {
    /// `endpoint` is a URL such as `http://127.0.0.1:4566`.
    pub fn new(endpoint: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .endpoint_url(endpoint)
            .force_path_style(true)
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "local"))
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(TIMEOUT).build())
            .build();
        Self { client: Client::from_conf(config) }
    }

    /// Reads an object. The body of one that is too large is not read.
    ///
    /// # Errors
    /// `InvalidS3ObjectException`, `ImageTooLargeException`, or `InternalServerError` if S3 does not respond.
    pub async fn read(&self, bucket: String, key: String, version: Option<String>) -> Result<Vec<u8>, ApiError> {
        let request = self.client.get_object().bucket(bucket).key(key).set_version_id(version);
        let object = request.send().await.map_err(|error| s3_error(&error))?;
        if object.content_length().is_none_or(|length| length > MAX_OBJECT_BYTES) {
            return Err(ApiError::new(Code::ImageTooLarge, "Image size is too large: an S3Object may be up to 15 MB"));
        }
        body(object).await
    }
}

async fn body(object: GetObjectOutput) -> Result<Vec<u8>, ApiError> {
    match tokio::time::timeout(TIMEOUT, object.body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => Err(ApiError::internal("the local S3 closed the connection")),
        Err(_) => Err(ApiError::internal("the local S3 timed out")),
    }
}

/// A 4xx response of S3 is an error of the client; any other failure is a server error.
fn s3_error(error: &SdkError<GetObjectError>) -> ApiError {
    match error.raw_response() {
        Some(response) if response.status().is_client_error() => ApiError::new(
            Code::InvalidS3Object,
            "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
        ),
        _ => ApiError::internal("the local S3 does not respond"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(image: Option<&ImageField<'_>>) -> Code {
        Source::new(image).expect_err("should be an error").code
    }

    #[test]
    fn an_image_is_either_inline_or_in_s3() {
        let object = || Some(S3Object { bucket: Some("b".into()), name: Some("k".into()), version: None });
        assert_eq!(code_of(None), Code::InvalidParameter);
        assert_eq!(code_of(Some(&ImageField::default())), Code::InvalidParameter);
        assert_eq!(code_of(Some(&ImageField { bytes: Some("aGk=".into()), s3_object: object() })), Code::InvalidParameter);
        assert_eq!(code_of(Some(&ImageField { bytes: None, s3_object: Some(S3Object::default()) })), Code::InvalidParameter);
        assert_eq!(code_of(Some(&ImageField { bytes: Some("".into()), s3_object: None })), Code::InvalidParameter);
        assert_eq!(code_of(Some(&ImageField { bytes: Some("no base64!".into()), s3_object: None })), Code::Serialization);
        assert!(Source::new(Some(&ImageField { bytes: None, s3_object: object() })).is_ok());
    }

    #[test]
    fn inline_bytes_are_limited_to_5_mb() {
        let field = |size| ImageField { bytes: Some(BASE64_STANDARD.encode(vec![0; size]).into()), s3_object: None };
        assert!(Source::new(Some(&field(5 * 1024 * 1024))).is_ok());
        assert_eq!(code_of(Some(&field(5 * 1024 * 1024 + 1))), Code::ImageTooLarge);
    }
}
