//! Under which moment the record of a new image is filed.

use crate::{
    clock::EpochMillis,
    error::StorageError,
    identity::Upload,
    ports::{UploadFacts, UploadLookup},
};

/// The sort key of a new record of `upload` under `image_id`, one of its ids: when the upload came; under an id that its key names, when the
/// first version of the key came, or the first after what was `erased` under that id.
///
/// Two versions of a key may be claimed at the same moment, as where an upload was sent again because its answer was lost. Under the moment
/// of the first, both claims meet at one item, whose condition lets one of them through; under their own, each would make a record of the id.
pub async fn upload_timestamp(
    objects: &impl UploadLookup,
    upload: &Upload,
    image_id: &str,
    facts: &UploadFacts,
    erased: Option<EpochMillis>,
) -> Result<EpochMillis, StorageError> {
    if image_id == upload.derived_id() {
        return Ok(facts.last_modified);
    }
    Ok(objects.first_uploaded(upload, erased).await?.unwrap_or(facts.last_modified))
}
