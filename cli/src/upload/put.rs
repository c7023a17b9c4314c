//! Putting one image where its upload starts an execution, unless it is known already.

use super::{
    follow::Follow,
    paths::unreadable,
    plan::{Content, Image, Stamp, content_type, header_name},
};
use crate::error::CliError;
use aws_sdk_s3::{
    Client,
    config::{Builder, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_object::{PutObjectError, PutObjectOutput},
    primitives::ByteStream,
};
use aws_smithy_types::base64;
use serde::Serialize;
use sightline_aws::{classify::cause, dynamodb::Tables};
use sightline_domain::{
    model::{identity::Upload, image_name, record::Record},
    ports::Records,
};
use std::time::Duration;

/// How long the record of an object that lies there already may take to appear, before its event counts as lost.
const RECORD_APPEARS: Duration = Duration::from_secs(6);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum How {
    /// It went up.
    Uploaded,
    /// The same content is there, and analysed or being analysed.
    AlreadyThere,
    /// The same content was there, but its analysis had failed or never begun: it went up again.
    UploadedAgain,
}

/// An image that lies in the bucket.
#[derive(Debug)]
pub struct Sent {
    /// How it got there.
    pub how: How,
    /// How to find its record.
    pub follow: Follow,
}

/// Uploads images.
#[derive(Debug)]
pub struct Uploader {
    /// S3.
    pub s3: Client,
    /// The bucket.
    pub bucket: String,
    /// The records.
    pub records: Tables,
}

impl Uploader {
    /// Uploads `image` if need be.
    pub async fn send(&self, image: &Image) -> Result<Sent, CliError> {
        match self.records.find(&image.id).await? {
            Some(erased) if erased.is_erased() => self.put_anew(image, &erased).await,
            Some(record) => self.known(image, record).await,
            None => self.put_first(image).await,
        }
    }

    async fn known(&self, image: &Image, record: Record) -> Result<Sent, CliError> {
        if !record.is_rerunnable() {
            return Ok(Sent { how: How::AlreadyThere, follow: Follow::first(image.id.clone()) });
        }
        // Its own key, which may have another ending than this file's.
        let key = record.s3_url.strip_prefix(&format!("s3://{}/", self.bucket)).unwrap_or(&image.key).to_owned();
        self.put_again(image, &key, Some(record.execution_arn)).await
    }

    async fn put_first(&self, image: &Image) -> Result<Sent, CliError> {
        match self.put(image, &image.key, true).await {
            Ok(_) => Ok(Sent { how: How::Uploaded, follow: Follow::first(image.id.clone()) }),
            Err(error) if is_there(&error) => match self.record_appears(&image.id).await? {
                Some(record) => self.known(image, record).await,
                None => self.put_again(image, &image.key, None).await,
            },
            Err(error) => Err(not_uploaded(image, error)),
        }
    }

    /// An upload after an erasure is a new image, by the will of whoever uploads it. While late writes of the old one are waited for, it
    /// gets another of its ids.
    async fn put_anew(&self, image: &Image, tombstone: &Record) -> Result<Sent, CliError> {
        let put = self.put(image, &image.key, false).await.map_err(|error| not_uploaded(image, error))?;
        let upload = self.uploaded(put, &image.key);
        // The local S3's events name no version.
        let unnamed = Upload { version_id: None, ..upload.clone() };
        let ids = upload.candidate_ids().into_iter().chain([unnamed.derived_id()]).collect();
        Ok(Sent { how: How::Uploaded, follow: Follow::anew(ids, tombstone) })
    }

    fn uploaded(&self, put: PutObjectOutput, key: &str) -> Upload {
        Upload {
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            version_id: put.version_id.filter(|version| version != "null"),
            etag: put.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
        }
    }

    async fn put_again(&self, image: &Image, key: &str, failed: Option<String>) -> Result<Sent, CliError> {
        let put = self.put(image, key, false).await.map_err(|error| not_uploaded(image, error))?;
        Ok(Sent { how: How::UploadedAgain, follow: Follow::again(self.uploaded(put, key).candidate_ids(), failed) })
    }

    async fn put(&self, image: &Image, key: &str, only_if_new: bool) -> Result<PutObjectOutput, SdkError<PutObjectError>> {
        let body = match &image.content {
            Content::File(_) => ByteStream::from_path(&image.path).await.map_err(SdkError::construction_failure)?,
            Content::Stdin(bytes) => ByteStream::from(bytes.clone()),
        };
        // A large file on a slow line takes its time; the SDK still gives up where nothing moves.
        let patient = TimeoutConfig::builder().disable_operation_timeout().disable_operation_attempt_timeout().build();
        let put = self.s3.put_object().bucket(&self.bucket).key(key).body(body);
        // S3 checks the content on arrival: a file that changed since it was read is refused.
        let put = put.checksum_sha256(base64::encode(image.sha256)).content_type(content_type(&image.path));
        let put = match &image.content {
            // Stdin has no name of its own.
            Content::Stdin(_) if image.path.as_os_str() == "-" => put,
            _ => put.metadata(image_name::METADATA, header_name(&image.path)),
        };
        let put = put.set_if_none_match(only_if_new.then(|| "*".to_owned()));
        put.customize().config_override(Builder::new().timeout_config(patient)).send().await
    }

    async fn record_appears(&self, image_id: &str) -> Result<Option<Record>, CliError> {
        let mut waited = Duration::ZERO;
        loop {
            let record = self.records.find(image_id).await?;
            if record.is_some() || waited >= RECORD_APPEARS {
                return Ok(record);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }
}

/// Why an image was not uploaded. Where its file has changed or vanished since it was read, that is the reason, whatever S3 made of it.
fn not_uploaded(image: &Image, error: SdkError<PutObjectError>) -> CliError {
    const MISMATCH: [&str; 4] = ["BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "IncompleteBody"];
    let now = match image.content {
        Content::Stdin(_) => return CliError::service("uploading", cause(error)),
        Content::File(then) => image.path.metadata().map(|metadata| Stamp::of(&metadata) != then),
    };
    match now {
        Err(gone) => CliError::Failed(format!("it could be read before and cannot be now: {}", unreadable(&image.path, &gone))),
        Ok(changed) if changed || error.code().is_some_and(|code| MISMATCH.contains(&code)) => {
            CliError::Failed("it changed while it was sent, and was not uploaded; run the same command again".to_owned())
        }
        Ok(_) => CliError::service("uploading", cause(error)),
    }
}

/// Whether S3 says that the key is taken, or is being taken right now.
fn is_there(error: &SdkError<PutObjectError>) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict"))
}
