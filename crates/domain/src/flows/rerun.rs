//! Finds the record of an upload, and decides whether its execution may run again.

use crate::{
    flows::{
        claims::{self, ErasedId, check_erased_id},
        fail::unless_denied,
    },
    model::{error::StorageError, identity::Upload, record::Record},
    ports::{Objects, Records, Uploads},
};

/// The record of an upload, under any of its candidate ids. In this order: the record that `execution_arn` claimed, if it is given; the
/// record of exactly this version; the record of the same content; the ERASED record of the upload.
///
/// # Errors
///
/// [`StorageError`] if records cannot be read, or if S3 has a transient error. If reading an object is denied, its content is not compared.
pub async fn record_of(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    upload: &Upload,
    execution_arn: Option<&str>,
) -> Result<Option<Record>, StorageError> {
    let mut newest = Vec::new();
    for id in upload.candidate_ids() {
        let items = records.items(&id).await?;
        if let Some(own) = items.iter().find(|item| execution_arn == Some(&item.execution_arn)) {
            return Ok(Some(own.clone()));
        }
        newest.extend(items.into_iter().next());
    }
    if newest.is_empty() {
        return Ok(None);
    }
    let s3_url = format!("s3://{}/{}", upload.bucket, upload.key);
    let is_version = |record: &&Record| record.version_id.is_some() && record.version_id == upload.version_id && record.s3_url == s3_url;
    if let Some(version) = newest.iter().find(is_version) {
        return Ok(Some(version.clone()));
    }
    let facts = unless_denied(objects.find(upload).await, None)?;
    let mut erased = None;
    for record in newest {
        if record.is_erased() {
            if erased.is_none() && check_erased_id(objects, &record, upload, facts.as_ref()).await? == ErasedId::SameUpload {
                erased = Some(record);
            }
        } else if unless_denied(claims::is_same_content(objects, &record, upload, facts.as_ref()).await, false)? {
            return Ok(Some(record));
        }
    }
    Ok(erased)
}

/// Why the execution must not run again, from the record of its upload, in one sentence; `None` if it can run.
pub fn obstacle(record: Option<&Record>, execution_arn: &str) -> Option<String> {
    let record = record?;
    if record.is_erased() {
        return Some("its image was erased".to_owned());
    }
    (record.execution_arn != execution_arn).then(|| format!("another execution holds its record: {}", record.execution_arn))
}

/// Whether a redrive of this execution is useful: the image has no record, or one that this execution holds and that FAILED.
pub fn waits_for(record: Option<&Record>, execution_arn: &str) -> bool {
    record.is_none_or(|record| record.execution_arn == execution_arn && record.is_rerunnable())
}

/// Whether a fresh execution could claim the image: it has no record, or one that FAILED and was not rejected.
pub fn may_restart(record: Option<&Record>) -> bool {
    record.is_none_or(Record::is_rerunnable)
}
