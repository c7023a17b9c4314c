//! The port [`ImportSource`] over S3.

use super::{NO_VERSION, S3, absence::denied, copy_source, file_name, millis, size};
use crate::classify::{cause, storage};
use aws_sdk_s3::{
    error::SdkError,
    types::{MetadataDirective, TaggingDirective},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::model::percent;
use sightline_domain::{
    model::{
        error::ImportError,
        identity::{ObjectRef, Upload},
        image_name,
        import::ListedObject,
    },
    ports::{ImportSource, ObjectFacts},
};

/// Bytes of the note where a copy comes from, beside the file's name: S3 takes 2 KB of metadata in all, keys included (S3 user guide,
/// "User-defined object metadata").
const MAX_NOTE: usize = 1_900 - image_name::MAX_METADATA;

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
            Err(error) if denied(&error) && self.is_absent(object).await? => Ok(None),
            Err(error) => match not_imported("looking the object up", error) {
                ImportError::SourceMissing => Ok(None),
                other => Err(other),
            },
        }
    }

    async fn copy_here(&self, source: &ListedObject, facts: &ObjectFacts, bucket: &str, key: &str) -> Result<Upload, ImportError> {
        let request = self.client.copy_object().copy_source(copy_source(&source.reference())).bucket(bucket).key(key);
        // What is copied is what was looked at. Its tags stay behind: they mean nothing here, and would need a permission of their own.
        let request = request.copy_source_if_match(format!("\"{}\"", facts.etag)).tagging_directive(TaggingDirective::Replace);
        let request = request.metadata_directive(MetadataDirective::Replace).metadata("source", note(source));
        // The key of a copy is an id; the name goes along.
        let name = image_name::image_name(facts.name.as_deref(), &source.key).map(|name| image_name::metadata(name.as_bytes()));
        let request = name.into_iter().fold(request, |request, name| request.metadata(image_name::METADATA, name));
        let request = request.set_content_type(facts.content_type.clone());
        let copied = request.send().await.map_err(|error| not_imported("copying the object", error))?;
        let etag = copied.copy_object_result.and_then(|result| result.e_tag).unwrap_or_default();
        Ok(Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: copied.version_id.filter(|version| version != NO_VERSION),
            etag: etag.trim_matches('"').to_owned(),
        })
    }
}

/// Where a copy comes from, in the characters that a header takes.
fn note(source: &ListedObject) -> String {
    format!("s3://{}/{}", source.bucket, percent::encode(&source.key)).chars().take(MAX_NOTE).collect()
}

/// What it means that S3 refuses an object. An answer to HEAD has no body, so that its status must do.
fn not_imported<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> ImportError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    match (error.code(), status) {
        // 405: the version is a delete marker; 412: another content than was looked at.
        (_, 404 | 405 | 412) => ImportError::SourceMissing,
        (Some("AccessDenied" | "AllAccessDisabled" | "KMS.DisabledException" | "InvalidObjectState"), _) | (None, 403) => {
            ImportError::Denied(cause(error))
        }
        _ => storage(doing, error).into(),
    }
}
