//! Under which moment the record of a new image is filed.

use crate::{
    clock::EpochMillis,
    error::StorageError,
    identity::Upload,
    ports::{UploadFacts, UploadLookup},
};

/// The sort key of a new record of `upload` under `image_id`, one of its ids: when the upload came; under an id that its key names, when the
/// first upload under a key that names the image came, or the first after what was `erased` under that id.
///
/// Two uploads of an image may be claimed at the same moment: two versions of a key, where an upload was sent again because its answer was
/// lost, or two keys with different endings, where two clients sent `a.jpg` and `a.jpeg`. At the time of the first upload, both claims meet
/// at one item, whose condition admits one of them; at their own times, each would make a record of the id.
///
/// # Errors
///
/// Where the versions cannot be listed.
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
