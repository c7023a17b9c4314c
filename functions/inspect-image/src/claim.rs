//! Claiming: one record per upload, under the first of its ids that no other content holds.

use crate::step::deleted;
use sightline_domain::{
    flows::claims::{self, Meaning, meaning},
    model::{
        clock::EpochMillis,
        error::StorageError,
        identity::Upload,
        image_name::image_name,
        record::{ProcessingStatus, Record},
        rejection::DuplicateImage,
    },
    ports::{Objects, Records, UploadFacts, Uploads, Written},
};
use sightline_kit::{StepFailure, set_image_id};

/// A claim by one execution.
pub struct Claim<'a, R, O> {
    pub records: &'a R,
    pub images: &'a O,
    pub upload: &'a Upload,
    pub execution_arn: &'a str,
    /// When the image was rejected, where the execution was started to look at it anew.
    pub rejected_at: Option<EpochMillis>,
    pub now: EpochMillis,
}

/// How an id stands to the upload.
enum Place {
    /// There is nothing under it, or what there was, uploaded at that moment, is erased, and this upload is another one.
    New { erased: Option<EpochMillis> },
    /// It FAILED before, and may be claimed anew.
    Again(Record),
    /// It was rejected before, and this execution was started to look at it anew.
    Anew(Record, EpochMillis),
    /// This execution has claimed it before.
    Own(Record),
    /// The upload has this record already, or it was erased.
    Duplicate(Record),
    /// Another content holds it.
    Held(Record),
    /// What is erased under it may still be written to.
    BeingErased,
}

impl<R: Records, O: Uploads + Objects> Claim<'_, R, O> {
    /// The record, claimed. Ends as a duplicate where the upload has one already.
    pub async fn take(&self, facts: &UploadFacts) -> Result<Record, StepFailure> {
        let (mut holder, mut being_erased) = (None, false);
        for id in self.upload.candidate_ids() {
            set_image_id(&id);
            let mut place = self.place(&id, facts).await?;
            if let Some(uploaded) = self.moment(&place, &id, facts).await? {
                let mut record = self.fresh(&id, facts, uploaded);
                if let Place::Anew(known, _) = &place
                    && facts.name.is_none()
                {
                    // The upload may be gone; its rejected record still has the file's name.
                    record.image_name.clone_from(&known.image_name);
                }
                let claimed = match &place {
                    Place::Anew(_, rejected_at) => self.records.claim_rejected(&record, *rejected_at).await?,
                    _ => self.records.claim(&record).await?,
                };
                if claimed == Written::Yes {
                    return Ok(record);
                }
                place = self.place(&id, facts).await?;
            }
            match place {
                Place::Own(known) => return Ok(known),
                // Another execution was faster.
                Place::Duplicate(known) | Place::Again(known) | Place::Anew(known, _) => return Err(duplicate(known).into()),
                Place::Held(known) => holder = Some(known),
                Place::BeingErased => being_erased = true,
                Place::New { .. } => {}
            }
        }
        match holder.filter(|_| !being_erased) {
            Some(holder) => Err(duplicate(holder).into()),
            None => Err(StorageError::Unavailable { doing: "claiming the record", source: "the image is being erased".into() }.into()),
        }
    }

    /// What an object that is gone means. The late event of an erased image is no news, and makes no record.
    pub async fn of_what_is_gone(&self) -> Result<StepFailure, StepFailure> {
        let mut erased = None;
        for id in self.upload.candidate_ids() {
            // Another upload may have the id by now, and stand before the tombstone.
            let items = self.records.items(&id).await?;
            if items.iter().any(|known| known.execution_arn == self.execution_arn) {
                return Ok(deleted().into());
            }
            erased = erased.or(items.into_iter().find(Record::is_erased));
        }
        Ok(erased.map_or_else(|| deleted().into(), |erased| duplicate(erased).into()))
    }

    async fn place(&self, id: &str, facts: &UploadFacts) -> Result<Place, StorageError> {
        let Some(known) = self.records.find(id).await? else { return Ok(Place::New { erased: None }) };
        if known.is_erased() && self.rejected_at.is_some() {
            return Ok(Place::Duplicate(known));
        }
        if known.is_erased() {
            return Ok(match meaning(self.images, &known, self.upload, Some(facts)).await? {
                Meaning::Erased => Place::Duplicate(known),
                Meaning::Free if self.has_another_id(id, facts).await? => Place::Held(known),
                Meaning::Free => Place::New { erased: Some(known.upload_timestamp) },
                Meaning::NotYet => Place::BeingErased,
            });
        }
        if known.execution_arn == self.execution_arn && known.processing_status == ProcessingStatus::Pending {
            return Ok(Place::Own(known));
        }
        Ok(if !claims::is_same(self.images, &known, self.upload, Some(facts)).await? {
            Place::Held(known)
        } else if known.is_rerunnable() {
            Place::Again(known)
        } else {
            match self.rejected_at.filter(|_| known.is_rejected()) {
                // A second event of the same look finds another rejection, or none.
                Some(at) if known.finished_at == Some(at) => Place::Anew(known, at),
                _ => Place::Duplicate(known),
            }
        })
    }

    /// Whether the upload has its record under another of its ids: it came while what was erased still held this one.
    async fn has_another_id(&self, id: &str, facts: &UploadFacts) -> Result<bool, StorageError> {
        for other in self.upload.candidate_ids().iter().filter(|other| *other != id) {
            let known = self.records.find(other).await?.filter(|known| !known.is_erased());
            if let Some(known) = known
                && claims::is_same(self.images, &known, self.upload, Some(facts)).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The moment under which the record may be claimed; `None` where it may not.
    async fn moment(&self, place: &Place, id: &str, facts: &UploadFacts) -> Result<Option<EpochMillis>, StorageError> {
        Ok(match place {
            Place::New { erased } => Some(claims::upload_timestamp(self.images, self.upload, id, facts, *erased).await?),
            Place::Again(known) | Place::Anew(known, _) => Some(known.upload_timestamp),
            Place::Own(_) | Place::Duplicate(_) | Place::Held(_) | Place::BeingErased => None,
        })
    }

    fn fresh(&self, id: &str, facts: &UploadFacts, uploaded: EpochMillis) -> Record {
        let mut record = Record::claimed(id.to_owned(), self.upload, facts.size, uploaded, self.execution_arn.to_owned(), self.now);
        record.version_id.clone_from(&facts.version_id);
        record.image_name = image_name(facts.name.as_deref(), &self.upload.key);
        record
    }
}

fn duplicate(known: Record) -> DuplicateImage {
    DuplicateImage { image_id: known.image_id, execution_arn: known.execution_arn }
}
