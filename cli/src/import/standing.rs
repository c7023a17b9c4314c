//! How the images of an import stand, by their records.

use super::gather::Found;
use crate::{error::CliError, progress::Progress, session::Session};
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_aws::s3::S3;
use sightline_domain::{
    flows::import::Lookup,
    model::{import::ImportStatus, record::Record},
};

/// Records read at once.
const READS_AT_ONCE: usize = 32;

/// How one image stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The image; the likeliest id where there is no record yet.
    pub image_id: String,
    /// By its record, where there is one.
    pub status: Option<ImportStatus>,
    /// Why it was rejected, or FAILED.
    pub reason: Option<String>,
    /// Whether an import has anything to do for it.
    pub to_do: bool,
}

/// Looks all of `found` up, in their order.
pub async fn look_up<'a>(
    session: &Session,
    owner: &str,
    found: impl IntoIterator<Item = &'a Found>,
    progress: &Progress,
) -> Result<Vec<Standing>, CliError> {
    let (records, images) = (session.tables(), S3::new(session.clients.s3()));
    let lookup = &Lookup { records: &records, images: &images, bucket: &session.stack.images_bucket, owner_id: owner };
    let mut done = 0_usize;
    let looked = stream::iter(found).map(|found| async move {
        let record = lookup.record(&found.object, found.size).await?;
        let likeliest = || lookup.ids(&found.object).into_iter().next().unwrap_or_default();
        Ok::<_, CliError>(record.map_or_else(|| Standing { image_id: likeliest(), to_do: true, ..Standing::default() }, Standing::of))
    });
    let counted = looked.buffered(READS_AT_ONCE).inspect(|_| {
        done += 1;
        progress.update(done, &format!("{done} records looked up"));
    });
    counted.try_collect().await
}

impl Standing {
    /// The image of `record`.
    fn of(record: Record) -> Self {
        let (status, to_do) = (ImportStatus::of(&record), record.is_rerunnable());
        let reason = match status {
            ImportStatus::Rejected => record.status_reason,
            ImportStatus::Failed => Some([record.status_reason, record.status_detail].into_iter().flatten().collect::<Vec<_>>().join(": ")),
            ImportStatus::Completed | ImportStatus::Review | ImportStatus::Erased | ImportStatus::StillRunning => None,
        };
        Self { image_id: record.image_id, status: Some(status), reason, to_do }
    }

    /// Whether its analysis goes on, or is about to begin.
    pub fn is_open(&self) -> bool {
        self.status.is_none_or(|status| status == ImportStatus::StillRunning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;
    use serde_json::json;

    #[test]
    fn what_failed_is_to_be_done_again_and_what_was_rejected_is_not() {
        let standing = |change| Standing::of(record(change));
        let failed = standing(json!({"ProcessingStatus": "FAILED", "StatusReason": "Storage.Unavailable", "StatusDetail": "reading"}));
        assert_eq!((failed.status, failed.to_do), (Some(ImportStatus::Failed), true));
        assert_eq!(failed.reason.as_deref(), Some("Storage.Unavailable: reading"));
        let rejected = standing(json!({"ProcessingStatus": "FAILED", "StatusReason": "TOO_SMALL", "StatusDetail": "40 px"}));
        assert_eq!((rejected.status, rejected.to_do, rejected.reason.as_deref()), (Some(ImportStatus::Rejected), false, Some("TOO_SMALL")));
        assert!(!standing(json!({})).to_do && !standing(json!({})).is_open());
        assert!(standing(json!({"ProcessingStatus": "PENDING"})).is_open());
        assert!(!standing(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"})).is_open());
    }
}
