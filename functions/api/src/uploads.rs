//! Links to upload files directly to S3.

use crate::{
    caller::Caller,
    deployment::{Api, Deployment, State},
    extract::Body,
    present,
    problem::Problem,
    types::{
        Time,
        upload::{DeclaredFile, UploadAnswer, UploadFile, UploadRequest},
    },
};
use axum::Json;
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_domain::{
    flows::upload::{OfferedFile, UploadPlan, plan},
    model::{
        clock::{Clock, EpochMillis},
        image_name,
        rejection::ReasonCode,
    },
    ports::{Links, UploadGrant},
};
use std::collections::HashSet;

/// Maximum number of files in a request.
pub const MAX_FILES: usize = 100;
/// The accepted content types, each with the extension of its keys.
pub const TYPES: [(&str, &str); 3] = [("image/jpeg", "jpg"), ("image/png", "png"), ("image/webp", "webp")];
/// Minimum length of each side, px: Rekognition's minimum, which inspection checks.
pub const MIN_SIDE: u32 = 80;
/// How long a link is valid, milliseconds.
const VALID: EpochMillis = 5 * 60_000;
/// Maximum length of a name, characters.
const MAX_NAME: usize = 1_024;
/// Files that are looked up at once.
const AT_ONCE: usize = 16;

/// Checks files and gives each one that is new an image and a link, valid for five minutes, to upload it directly to S3.
///
/// Nothing is sent for a file that the caller has already: the answer names the image. A file of an erased image can be uploaded again, as a
/// new image.
#[utoipa::path(post, path = "/api/uploads", operation_id = "requestUploads", tag = "uploads", request_body = UploadRequest, responses((status = 200, description = "What to do with each file.", body = UploadAnswer)))]
pub async fn request<D: Deployment>(
    api: State<D>,
    caller: Caller,
    Body(request): Body<UploadRequest>,
) -> Result<Json<UploadAnswer>, Problem> {
    if !(1..=MAX_FILES).contains(&request.files.len()) {
        return Err(Problem::invalid(format!("Send 1 to {MAX_FILES} files.")));
    }
    for file in &request.files {
        check(file)?;
    }
    let (api, caller) = (&api, &caller);
    let answer = |file: DeclaredFile| async move { api.offer(caller, file).await };
    let files: Vec<UploadFile> = stream::iter(request.files).map(answer).buffered(AT_ONCE).try_collect().await?;
    let mut uploaded = HashSet::new();
    let once = |file| match file {
        UploadFile::Upload { name, image_id, .. } if !uploaded.insert(image_id.clone()) => {
            UploadFile::Known { name, image_id, status: None, reason: None, detail: None }
        }
        file => file,
    };
    Ok(Json(UploadAnswer { files: files.into_iter().map(once).collect() }))
}

/// Checks what a browser always sends correctly.
fn check(file: &DeclaredFile) -> Result<(), Problem> {
    let is_digest = file.sha256.len() == 64 && file.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_digest {
        return Err(Problem::invalid("The sha256 of each file is its SHA-256 in 64 lower-case hexadecimal digits."));
    }
    if !(1..=MAX_NAME).contains(&file.name.chars().count()) {
        return Err(Problem::invalid(format!("The name of each file has 1 to {MAX_NAME} characters.")));
    }
    Ok(())
}

/// The extension for the keys of a content type; `None` if the type is not accepted.
fn extension(content_type: &str) -> Option<&'static str> {
    TYPES.iter().find(|(name, _)| *name == content_type).map(|(_, extension)| *extension)
}

impl<D: Deployment> Api<D> {
    async fn offer(&self, caller: &Caller, file: DeclaredFile) -> Result<UploadFile, Problem> {
        let Some(extension) = extension(&file.r#type) else {
            return Ok(refused(
                file,
                ReasonCode::UnsupportedFormat,
                "Only JPEG, PNG and WebP can be analysed. Convert the file and try again.".to_owned(),
            ));
        };
        if file.size == 0 {
            return Ok(refused(file, ReasonCode::EmptyFile, "The file is empty.".to_owned()));
        }
        if file.size > self.settings.max_bytes {
            let most = self.settings.max_bytes;
            return Ok(refused(
                file,
                ReasonCode::TooLarge,
                format!("The file is larger than {most} bytes. Make it smaller and try again."),
            ));
        }
        let offered = OfferedFile { bucket: &self.settings.images_bucket, owner_id: &caller.sub, sha256: &file.sha256, extension };
        let now = self.clock.now();
        let (image_id, key, only_if_new) = match plan(&self.tables, &self.objects, offered, now).await? {
            UploadPlan::Known(record) => {
                return Ok(UploadFile::Known {
                    name: file.name,
                    image_id: record.image_id,
                    status: present::status(record.processing_status),
                    reason: record.status_reason,
                    detail: record.status_detail,
                });
            }
            UploadPlan::New { image_id, key } => (image_id, key, true),
            UploadPlan::Again { image_id, key, .. } => (image_id, key, false),
        };
        let grant = UploadGrant {
            bucket: offered.bucket,
            key: &key,
            content_type: &file.r#type,
            size: file.size,
            sha256: &file.sha256,
            name: &image_name::metadata(file.name.as_bytes()),
            only_if_new,
            valid: VALID,
        };
        let link = self.objects.upload_link(&grant).await?;
        Ok(UploadFile::Upload { name: file.name, image_id, url: link.url, headers: link.headers, expires_at: Time(now + VALID) })
    }
}

fn refused(file: DeclaredFile, reason: ReasonCode, detail: String) -> UploadFile {
    UploadFile::Refused { name: file.name, reason: reason.as_ref().to_owned(), detail }
}
