//! Uploads one image, which starts its execution, unless the image is analysed already.

use super::{
    follow::Follower,
    paths::unreadable,
    plan::{Content, Image, Stamp, content_type, header_name},
};
use crate::{error::CliError, session::Session};
use aws_sdk_s3::{
    Client,
    config::{Builder, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_object::{PutObjectError, PutObjectOutput},
    primitives::ByteStream,
};
use aws_smithy_types::base64;
use serde::Serialize;
use sightline_aws::{Tables, classify::cause};
use sightline_domain::{
    model::{Record, Upload, image_name},
    ports::{Gallery, Records},
};
use std::time::Duration;

/// How long the record of an object that is already in the bucket may take to appear, before its event counts as lost.
const RECORD_TIMEOUT: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(500);

/// The outcome of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UploadOutcome {
    Uploaded,
    /// The same content is in the bucket, and is analysed or in progress.
    AlreadyThere,
    /// The same content was in the bucket, but its analysis had failed or never started.
    UploadedAgain,
}

/// An image that is in the bucket.
#[derive(Debug)]
pub struct Sent {
    pub outcome: UploadOutcome,
    pub follower: Follower,
}

/// Uploads images.
#[derive(Debug)]
pub struct Uploader {
    s3: Client,
    bucket: String,
    pub records: Tables,
}

impl Uploader {
    pub fn new(session: &Session) -> Self {
        Self { s3: session.clients.s3(), bucket: session.stack.images_bucket.clone(), records: session.tables() }
    }

    /// Uploads `image` unless it is already analysed or in progress.
    ///
    /// # Errors
    ///
    /// `CliError` if the record cannot be read, the upload fails, or the file has changed since it was hashed.
    pub async fn send(&self, image: &Image) -> Result<Sent, CliError> {
        match self.records.find(&image.id).await? {
            Some(erased) if erased.is_erased() => match self.completed_since(image).await? {
                Some(id) => Ok(Sent { outcome: UploadOutcome::AlreadyThere, follower: Follower::of_new(id) }),
                None => self.put_after_erasure(image, &erased).await,
            },
            Some(record) => self.put_known(image, record).await,
            None => self.put_first(image).await,
        }
    }

    /// The image of the same content that was uploaded and analysed after the erasure.
    async fn completed_since(&self, image: &Image) -> Result<Option<String>, CliError> {
        let upload = Upload { bucket: self.bucket.clone(), key: image.key.clone(), version_id: None, etag: String::new() };
        let completed = self.records.completed_image(upload.owner_id(), &hex::encode(image.sha256)).await?;
        Ok(completed.map(|completed| completed.image_id))
    }

    async fn put_known(&self, image: &Image, record: Record) -> Result<Sent, CliError> {
        if !record.is_rerunnable() {
            return Ok(Sent { outcome: UploadOutcome::AlreadyThere, follower: Follower::of_new(image.id.clone()) });
        }
        // The key of the record, which may have another extension than this file.
        let key = record.s3_url.strip_prefix(&format!("s3://{}/", self.bucket)).unwrap_or(&image.key).to_owned();
        self.put_again(image, &key, Some(record.execution_arn)).await
    }

    async fn put_first(&self, image: &Image) -> Result<Sent, CliError> {
        match self.put(image, &image.key, true).await {
            Ok(_) => Ok(Sent { outcome: UploadOutcome::Uploaded, follower: Follower::of_new(image.id.clone()) }),
            Err(error) if is_taken(&error) => match self.wait_for_record(&image.id).await? {
                Some(record) => self.put_known(image, record).await,
                None => self.put_again(image, &image.key, None).await,
            },
            Err(error) => Err(not_uploaded(image, error)),
        }
    }

    /// An upload after an erasure is a new image. It gets another of its candidate ids while the tombstone of the old one is open for
    /// late writes.
    async fn put_after_erasure(&self, image: &Image, tombstone: &Record) -> Result<Sent, CliError> {
        let put = self.put(image, &image.key, false).await.map_err(|error| not_uploaded(image, error))?;
        let upload = self.uploaded(put, &image.key);
        // Events of the local S3 have no version.
        let unversioned = Upload { version_id: None, ..upload.clone() };
        let ids = upload.candidate_ids().into_iter().chain([unversioned.derived_id()]).collect();
        Ok(Sent { outcome: UploadOutcome::Uploaded, follower: Follower::after_erasure(ids, tombstone) })
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
        let follower = Follower::after_failure(self.uploaded(put, key).candidate_ids(), failed);
        Ok(Sent { outcome: UploadOutcome::UploadedAgain, follower })
    }

    async fn put(&self, image: &Image, key: &str, only_if_new: bool) -> Result<PutObjectOutput, SdkError<PutObjectError>> {
        let body = match &image.content {
            Content::File(_) => ByteStream::from_path(&image.path).await.map_err(SdkError::construction_failure)?,
            Content::Stdin(bytes) => ByteStream::from(bytes.clone()),
        };
        // A large file may take long on a slow connection; the SDK still stops a stalled upload.
        let no_timeout = TimeoutConfig::builder().disable_operation_timeout().disable_operation_attempt_timeout().build();
        let put = self.s3.put_object().bucket(&self.bucket).key(key).body(body);
        // S3 checks the content and refuses a file that has changed since it was hashed.
        let put = put.checksum_sha256(base64::encode(image.sha256)).content_type(content_type(&image.path));
        let put = match &image.content {
            // Stdin without --filename has no name.
            Content::Stdin(_) if image.path.as_os_str() == "-" => put,
            _ => put.metadata(image_name::METADATA, header_name(&image.path)),
        };
        let put = put.set_if_none_match(only_if_new.then(|| "*".to_owned()));
        put.customize().config_override(Builder::new().timeout_config(no_timeout)).send().await
    }

    async fn wait_for_record(&self, image_id: &str) -> Result<Option<Record>, CliError> {
        let mut waited = Duration::ZERO;
        loop {
            let record = self.records.find(image_id).await?;
            if record.is_some() || waited >= RECORD_TIMEOUT {
                return Ok(record);
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }
}

/// Why an image was not uploaded: its file has changed or disappeared since it was hashed, or else the error of S3.
fn not_uploaded(image: &Image, error: SdkError<PutObjectError>) -> CliError {
    const MISMATCH: [&str; 4] = ["BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "IncompleteBody"];
    let has_changed = match image.content {
        Content::Stdin(_) => return CliError::service("uploading", cause(error)),
        Content::File(stamp) => image.path.metadata().map(|metadata| Stamp::of(&metadata) != stamp),
    };
    match has_changed {
        Err(gone) => CliError::Failed(format!("it could be read before but not now: {}", unreadable(&image.path, &gone))),
        Ok(has_changed) if has_changed || error.code().is_some_and(|code| MISMATCH.contains(&code)) => {
            CliError::Failed("not uploaded, because the file changed meanwhile; run the same command again".to_owned())
        }
        Ok(_) => CliError::service("uploading", cause(error)),
    }
}

/// Whether the key exists, or another upload of it is in progress.
fn is_taken(error: &SdkError<PutObjectError>) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict"))
}
