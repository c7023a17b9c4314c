//! Images in the local S3.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    operation::get_object::{GetObjectError, GetObjectOutput},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::refusal::{Code, Refusal};

/// As documented for an image in S3.
const MAX_OBJECT_BYTES: i64 = 15 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Reads images from one S3 endpoint, with the local stack's keys and no others.
#[derive(Debug)]
pub struct S3Reader {
    client: Client,
}

impl S3Reader {
    /// The endpoint is an URL such as `http://127.0.0.1:4566`; buckets are part of the path when its host is an address.
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

    /// The whole object, unless it is too large: then nothing of it is read.
    pub async fn read(&self, bucket: String, key: String, version: Option<String>) -> Result<Vec<u8>, Refusal> {
        let request = self.client.get_object().bucket(bucket).key(key).set_version_id(version);
        let object = request.send().await.map_err(|error| refusal(&error))?;
        if object.content_length().is_none_or(|length| length > MAX_OBJECT_BYTES) {
            return Err(Refusal::new(Code::ImageTooLarge, "Image size is too large: an S3Object may be up to 15 MB"));
        }
        whole(object).await
    }
}

async fn whole(object: GetObjectOutput) -> Result<Vec<u8>, Refusal> {
    match tokio::time::timeout(TIMEOUT, object.body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_vec()),
        Ok(Err(_)) => Err(Refusal::internal("the local S3 broke off")),
        Err(_) => Err(Refusal::internal("the local S3 stalled")),
    }
}

/// What S3 refuses is the client's to mend; an S3 that does not answer is not.
fn refusal(error: &SdkError<GetObjectError>) -> Refusal {
    match error.raw_response() {
        Some(response) if response.status().is_client_error() => Refusal::new(
            Code::InvalidS3Object,
            "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
        ),
        _ => Refusal::internal("the local S3 does not answer"),
    }
}
