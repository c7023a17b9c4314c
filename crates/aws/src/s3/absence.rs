//! Whether an object that S3 denies is absent.
//!
//! S3 answers a read of an absent object with "access denied" unless the caller may list the bucket (API reference, `GetObject`).
//! Our roles may list below a prefix only, and it is not documented whether that is enough for the answer "not found". So a denial is
//! followed by a listing of exactly this key, which the roles allow.

use super::{S3, found};
use crate::classify::storage;
use aws_sdk_s3::{
    error::SdkError,
    types::{EncodingType, Object},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::model::{error::StorageError, identity::ObjectRef};

impl S3 {
    /// What S3 answered about this object; `None` where it does not exist, also where S3 says "access denied" for that.
    ///
    /// # Errors
    /// The answer's error; [`StorageError::Unavailable`] also where the listing after a denial got no answer.
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
            Err(error) if denied(&error) && self.is_absent(object).await? => Ok(None),
            sent => found(doing, sent),
        }
    }

    /// Whether a listing shows that the object does not exist. False where the caller may not list it.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where the listing got no answer.
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

    /// Keys with this prefix come in order, the key itself first. It is compared with the answer's own prefix, which is encoded alike.
    async fn lists_no_object(&self, object: ObjectRef<'_>) -> Result<bool, StorageError> {
        let request = self.client.list_objects_v2().bucket(object.bucket).prefix(object.key).max_keys(1).encoding_type(EncodingType::Url);
        let page = request.send().await.map_err(|error| storage("looking whether the object exists", error))?;
        Ok(page.prefix.is_some() && page.contents().first().and_then(Object::key) != page.prefix())
    }

    /// A version that is not on the first page, of a thousand, may be on the next.
    async fn lists_no_version(&self, object: ObjectRef<'_>, version_id: &str) -> Result<bool, StorageError> {
        let request = self.client.list_object_versions().bucket(object.bucket).prefix(object.key).encoding_type(EncodingType::Url);
        let page = request.send().await.map_err(|error| storage("looking whether the version exists", error))?;
        let listed = page.versions().iter().any(|version| version.version_id() == Some(version_id));
        Ok(!listed && page.is_truncated != Some(true))
    }
}

/// An answer to HEAD has no body, and so no code.
pub(crate) fn denied<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
    status == 403 && matches!(error.code(), None | Some("AccessDenied"))
}
