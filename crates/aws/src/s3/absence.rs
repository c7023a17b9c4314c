//! Distinguishes an absent object from denied access.
//!
//! If an object does not exist, S3 returns "access denied" unless the caller has permission to list the bucket (API reference, `GetObject`).
//! The functions' roles can list only under a prefix, and the documentation does not say whether that is enough for "not found". So after a
//! denial, exactly this key is listed, which the roles allow.

use super::{S3, found};
use crate::classify::storage;
use aws_sdk_s3::{
    error::SdkError,
    types::{EncodingType, Object},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::model::{ObjectRef, StorageError};

impl S3 {
    /// The response for this object; `None` if the object does not exist, even if S3 reported this as "access denied".
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the call failed for another reason, or if the listing after a denial failed.
    pub(crate) async fn found_or_absent<T, E>(
        &self,
        doing: &'static str,
        object: ObjectRef<'_>,
        sent: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<Option<T>, StorageError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match sent {
            Err(error) if is_denied(&error) && self.is_absent(object).await? => Ok(None),
            sent => found(doing, sent),
        }
    }

    /// Whether a listing shows that the object does not exist. False if the listing is denied.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if S3 does not answer.
    pub(crate) async fn is_absent(&self, object: ObjectRef<'_>) -> Result<bool, StorageError> {
        let absent = match object.version_id {
            Some(version_id) => self.lists_no_version(object, version_id).await,
            None => self.lists_no_object(object).await,
        };
        match absent {
            Err(StorageError::Misconfigured { .. }) => Ok(false),
            absent => absent,
        }
    }

    /// Keys with this prefix are listed in order, so the key itself is first. It is compared with the prefix in the response, which has the
    /// same encoding.
    async fn lists_no_object(&self, object: ObjectRef<'_>) -> Result<bool, StorageError> {
        let request = self.client.list_objects_v2().bucket(object.bucket).prefix(object.key).max_keys(1).encoding_type(EncodingType::Url);
        let page = request.send().await.map_err(|error| storage("checking whether the object exists", error))?;
        Ok(page.prefix.is_some() && page.contents().first().and_then(Object::key) != page.prefix())
    }

    /// Only the first page of a thousand versions is read; if there are more, the version may be on a later page.
    async fn lists_no_version(&self, object: ObjectRef<'_>, version_id: &str) -> Result<bool, StorageError> {
        let request = self.client.list_object_versions().bucket(object.bucket).prefix(object.key).encoding_type(EncodingType::Url);
        let page = request.send().await.map_err(|error| storage("checking whether the version exists", error))?;
        let listed = page.versions().iter().any(|version| version.version_id() == Some(version_id));
        Ok(!listed && page.is_truncated != Some(true))
    }
}

/// Whether S3 denied access. The response to a HEAD request has no body and therefore no code.
pub(crate) fn is_denied<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    status == 403 && matches!(error.code(), None | Some("AccessDenied"))
}
