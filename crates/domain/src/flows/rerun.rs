//! Running an upload again: which record it has, and what stands in the way.

use crate::{
    flows::{
        claims::{self, Meaning, meaning},
        fail::unless_denied,
    },
    model::{error::StorageError, identity::Upload, record::Record},
    ports::{Objects, Records, Uploads},
};

/// The record of an upload, under whichever of its ids it is: what `execution_arn` has claimed (`None` = whoever has), else the record of
/// this very version, else of the same content, else what is left of it where it was erased.
///
/// An upload has its second id where its key was overwritten with other content, and where it came while an erased image still held the
/// first one.
///
/// # Errors
///
/// Where records or objects cannot be read for the moment. Objects that may not be read are passed over.
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
            if erased.is_none() && meaning(objects, &record, upload, facts.as_ref()).await? == Meaning::Erased {
                erased = Some(record);
            }
        } else if unless_denied(claims::is_same(objects, &record, upload, facts.as_ref()).await, false)? {
            return Ok(Some(record));
        }
    }
    Ok(erased)
}

/// Why the execution need not run again, going by the record of its upload: one sentence; `None` where nothing stands in the way.
pub fn obstacle(record: Option<&Record>, execution_arn: &str) -> Option<String> {
    let record = record?;
    if record.is_erased() {
        return Some("its image was erased".to_owned());
    }
    (record.execution_arn != execution_arn).then(|| format!("another execution has the image: {}", record.execution_arn))
}

/// Whether the image still waits for this execution: it has no record, or one that this execution failed.
pub fn waits_for(record: Option<&Record>, execution_arn: &str) -> bool {
    record.is_none_or(|record| record.execution_arn == execution_arn && record.is_rerunnable())
}

/// Whether a fresh execution could take the image over: it has no record, or one that FAILED.
pub fn may_restart(record: Option<&Record>) -> bool {
    record.is_none_or(Record::is_rerunnable)
}
