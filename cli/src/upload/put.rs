//! Uploads one image, which starts its execution, unless the image is analysed already.

use super::{
    follow::Follower,
    paths::unreadable,
    plan::{Content, Image, Stamp, content_type, header_name},
};
use crate::{clock::SystemClock, error::CliError, session::Session};
use aws_sdk_s3::{
    Client,
    config::{Builder, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_object::PutObjectError,
    primitives::ByteStream,
};
use aws_smithy_types::base64;
use serde::Serialize;
use sightline_aws::{S3, Tables, classify::cause};
use sightline_domain::{
    flows::upload::{self, OfferedFile, UploadPlan},
    model::{Clock, Record, image_name},
    ports::Records,
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
    pub image_id: String,
    pub key: String,
    /// The failed execution that led to this upload.
    pub failed_execution: Option<String>,
}

impl Sent {
    pub fn follower(&self) -> Follower {
        Follower { image_id: self.image_id.clone(), failed_execution: self.failed_execution.clone() }
    }
}

/// Uploads images.
#[derive(Debug)]
pub struct Uploader<'a> {
    client: Client,
    objects: S3,
    bucket: &'a str,
    owner: &'a str,
    pub records: Tables,
}

impl<'a> Uploader<'a> {
    pub fn new(session: &'a Session, owner: &'a str) -> Self {
        Self { client: session.clients.s3(), objects: session.s3(), bucket: &session.stack.images_bucket, owner, records: session.tables() }
    }

    /// Uploads `image` unless it is already analysed or in progress.
    ///
    /// # Errors
    ///
    /// `CliError` if the record cannot be read, the upload fails, or the file has changed since it was hashed.
    pub async fn send(&self, image: &Image) -> Result<Sent, CliError> {
        match self.plan(image).await? {
            UploadPlan::Known(record) => Ok(already_there(*record)),
            UploadPlan::Again { image_id, key, failed_execution } => self.put_again(image, image_id, key, failed_execution).await,
            UploadPlan::New { image_id, key } => match self.put(image, &key, true).await {
                Ok(()) => Ok(Sent { outcome: UploadOutcome::Uploaded, image_id, key, failed_execution: None }),
                Err(error) if is_taken(&error) => self.send_to_taken_key(image, image_id, key).await,
                Err(error) => Err(not_uploaded(image, error)),
            },
        }
    }

    /// Somebody uploaded the same content a moment ago: its record appears, or its event was lost.
    async fn send_to_taken_key(&self, image: &Image, image_id: String, key: String) -> Result<Sent, CliError> {
        self.wait_for_record(&image_id).await?;
        match self.plan(image).await? {
            UploadPlan::Known(record) => Ok(already_there(*record)),
            UploadPlan::Again { image_id, key, failed_execution } => self.put_again(image, image_id, key, failed_execution).await,
            UploadPlan::New { .. } => self.put_again(image, image_id, key, None).await,
        }
    }

    async fn plan(&self, image: &Image) -> Result<UploadPlan, CliError> {
        let (sha256, extension) = (hex::encode(image.sha256), image.extension());
        let file = OfferedFile { bucket: self.bucket, owner_id: self.owner, sha256: &sha256, extension: &extension };
        Ok(upload::plan(&self.records, &self.objects, file, SystemClock.now()).await?)
    }

    async fn put_again(&self, image: &Image, image_id: String, key: String, failed_execution: Option<String>) -> Result<Sent, CliError> {
        self.put(image, &key, false).await.map_err(|error| not_uploaded(image, error))?;
        Ok(Sent { outcome: UploadOutcome::UploadedAgain, image_id, key, failed_execution })
    }

    async fn put(&self, image: &Image, key: &str, only_if_new: bool) -> Result<(), SdkError<PutObjectError>> {
        let body = match &image.content {
            Content::File(_) => ByteStream::from_path(&image.path).await.map_err(SdkError::construction_failure)?,
            Content::Stdin(bytes) => ByteStream::from(bytes.clone()),
        };
        // A large file may take long on a slow connection; the SDK still stops a stalled upload.
        let no_timeout = TimeoutConfig::builder().disable_operation_timeout().disable_operation_attempt_timeout().build();
        let put = self.client.put_object().bucket(self.bucket).key(key).body(body);
        // S3 checks the content and refuses a file that has changed since it was hashed.
        let put = put.checksum_sha256(base64::encode(image.sha256)).content_type(content_type(&image.path));
        let put = match &image.content {
            // Stdin without --filename has no name.
            Content::Stdin(_) if image.path.as_os_str() == "-" => put,
            _ => put.metadata(image_name::METADATA, header_name(&image.path)),
        };
        let put = put.set_if_none_match(only_if_new.then(|| "*".to_owned()));
        put.customize().config_override(Builder::new().timeout_config(no_timeout)).send().await.map(drop)
    }

    async fn wait_for_record(&self, image_id: &str) -> Result<(), CliError> {
        let mut waited = Duration::ZERO;
        while waited < RECORD_TIMEOUT && self.records.find(image_id).await?.is_none() {
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
        Ok(())
    }
}

fn already_there(record: Record) -> Sent {
    let key = record.upload().map_or_else(String::new, |upload| upload.key);
    Sent { outcome: UploadOutcome::AlreadyThere, image_id: record.image_id, key, failed_execution: None }
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
