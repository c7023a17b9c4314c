//! The port [`ImportSource`] over S3.

use super::{NO_VERSION, S3, absence::is_denied, copy_source, file_name, millis, size};
use crate::classify::{cause, storage};
use aws_sdk_s3::{
    error::SdkError,
    types::{MetadataDirective, TaggingDirective},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::{
    model::{ImportError, ListedObject, ObjectRef, Upload, image_name, percent},
    ports::{ImportSource, ObjectFacts},
};

/// Maximum length of the metadata `source` in bytes: S3 allows 2 KB of metadata in total, including names and the file name (S3 user guide,
/// "User-defined object metadata").
const MAX_SOURCE: usize = 1_900 - image_name::MAX_METADATA;

impl ImportSource for S3 {
    async fn facts(&self, object: ObjectRef<'_>) -> Result<Option<ObjectFacts>, ImportError> {
        let request = self.client.head_object().bucket(object.bucket).key(object.key);
        match request.set_version_id(object.version_id.map(str::to_owned)).send().await {
            Ok(head) => Ok(Some(ObjectFacts {
                etag: head.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
                version_id: head.version_id.filter(|version| version != NO_VERSION),
                size: size(head.content_length),
                last_modified: millis(head.last_modified),
                name: file_name(head.metadata.as_ref()),
                content_type: head.content_type,
            })),
            Err(error) if is_denied(&error) && self.is_absent(object).await? => Ok(None),
            Err(error) => match import_error("looking up the object", error) {
                ImportError::SourceMissing => Ok(None),
                other => Err(other),
            },
        }
    }

    async fn copy_here(&self, source: &ListedObject, facts: &ObjectFacts, bucket: &str, key: &str) -> Result<Upload, ImportError> {
        let request = self.client.copy_object().copy_source(copy_source(&source.reference())).bucket(bucket).key(key);
        // The copy fails if the object has changed since `facts` was read. Tags are not copied: that would need another permission.
        let request = request.copy_source_if_match(format!("\"{}\"", facts.etag)).tagging_directive(TaggingDirective::Replace);
        let request = request.metadata_directive(MetadataDirective::Replace).metadata("source", source_url(source));
        // The key of the copy contains an id, so the name is copied as metadata.
        let name = image_name::image_name(facts.name.as_deref(), &source.key).map(|name| image_name::metadata(name.as_bytes()));
        let request = name.into_iter().fold(request, |request, name| request.metadata(image_name::METADATA, name));
        let request = request.set_content_type(facts.content_type.clone());
        let copied = request.send().await.map_err(|error| import_error("copying the object", error))?;
        let etag = copied.copy_object_result.and_then(|result| result.e_tag).unwrap_or_default();
        Ok(Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: copied.version_id.filter(|version| version != NO_VERSION),
            etag: etag.trim_matches('"').to_owned(),
        })
    }
}

/// The URL of the source, with a percent-encoded key because headers allow only ASCII.
fn source_url(source: &ListedObject) -> String {
    format!("s3://{}/{}", source.bucket, percent::encode(&source.key)).chars().take(MAX_SOURCE).collect()
}

/// Classifies an error about the object to import. The response to a HEAD request has no code, so its status is used.
fn import_error<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> ImportError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    match (error.code(), status) {
        // 405: the version is a delete marker; 412: the object has changed.
        (_, 404 | 405 | 412) => ImportError::SourceMissing,
        (Some("AccessDenied" | "AllAccessDisabled" | "KMS.DisabledException" | "InvalidObjectState"), _) | (None, 403) => {
            ImportError::Denied(cause(error))
        }
        _ => storage(doing, error).into(),
    }
}
