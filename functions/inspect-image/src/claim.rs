//! Claims the record of an upload: one record per upload, under the first candidate id that no other content has taken.

use sightline_domain::{
    flows::claims::{self, ErasedId, check_erased_id},
    model::{
        DuplicateImage, EpochMillis, ProcessingStatus, ReasonCode, Record, Rejection, StorageError, Upload, image_name::image_name, layout,
    },
    ports::{Objects, Records, UploadFacts, Uploads, Written},
};
use sightline_inspection::Inspected;
use sightline_kit::{StepFailure, set_image_id};

/// One execution's attempt to claim the record of an upload.
pub struct Claim<'a, R, O> {
    pub records: &'a R,
    pub images: &'a O,
    pub upload: &'a Upload,
    pub execution_arn: &'a str,
    /// When the image was rejected, if this execution was started to inspect it again.
    pub rejected_at: Option<EpochMillis>,
    pub now: EpochMillis,
}

/// What is looked up while the upload is read.
#[derive(Default)]
pub struct Known {
    /// The record under the first candidate id.
    record: Option<Record>,
    /// When the first upload of this id was made; `None` if that is the upload itself.
    uploaded: Option<EpochMillis>,
}

/// What the first candidate id means for the upload.
pub struct FirstId {
    state: ClaimState,
    /// When the first upload of this id was made.
    uploaded: EpochMillis,
}

/// The record that this execution has claimed.
pub struct Claimed {
    /// The record.
    pub record: Record,
    /// Whether this claim created it.
    pub is_new: bool,
}

/// What a candidate id means for the upload.
enum ClaimState {
    /// The id has no record, or its record (uploaded at that time) was erased and this upload is a different one.
    Free { erased_upload: Option<EpochMillis> },
    /// The upload FAILED and may be claimed again.
    Failed(Record),
    /// The upload was rejected at that time, and this execution was started to inspect it again.
    Rejected(Record, EpochMillis),
    /// This execution has already claimed it.
    Owned(Record),
    /// The upload already has this record, or was erased.
    Duplicate(Record),
    /// Another content has the id.
    Taken(Record),
    /// The erased record may still be written to by a late execution.
    BeingErased,
}

impl<R: Records, O: Uploads + Objects> Claim<'_, R, O> {
    /// Reads what the claim of an ordinary upload needs to know, at once with the lookup of the object: the record under the first candidate
    /// id, and when the first upload of this id was made.
    ///
    /// # Errors
    /// A `StorageError` if DynamoDB or S3 cannot be read.
    pub async fn look_up(&self) -> Result<Known, StorageError> {
        let [first, others @ ..] = &self.upload.candidate_ids()[..] else { return Ok(Known::default()) };
        let uploaded = async {
            // The derived id is the last candidate; its record has the time of its own upload.
            if others.is_empty() { Ok(None) } else { self.images.first_uploaded(self.upload, None).await }
        };
        let (record, uploaded) = tokio::try_join!(self.records.find(first), uploaded)?;
        Ok(Known { record, uploaded })
    }

    /// What the first candidate id means for the upload, by what was looked up.
    ///
    /// # Errors
    /// `Image.Duplicate` if the upload already has its record under this id; a `StorageError` if DynamoDB or S3 cannot be read.
    pub async fn first_id(&self, facts: &UploadFacts, known: Known) -> Result<FirstId, StepFailure> {
        let state = match self.upload.candidate_ids().first() {
            Some(id) => {
                set_image_id(id);
                self.state_of(known.record, id, facts).await?
            }
            None => ClaimState::Free { erased_upload: None },
        };
        match state {
            ClaimState::Duplicate(known) => Err(duplicate(known).into()),
            state => Ok(FirstId { state, uploaded: known.uploaded.unwrap_or(facts.last_modified) }),
        }
    }

    /// Claims the record of the upload. A record that this claim writes has the size, the thumbhash and the keys of the copies that
    /// `inspected` gives it, so that lists can show the image while it is analysed; `None`: the image is not inspected yet, or rejected.
    ///
    /// # Errors
    /// `Image.Duplicate` if the upload already has a record; a `StorageError` if DynamoDB or S3 cannot be read or written, or while the
    /// only free id is being erased.
    pub async fn claim(&self, facts: &UploadFacts, first: FirstId, inspected: Option<&Inspected>) -> Result<Claimed, StepFailure> {
        let (mut holder, mut being_erased) = (None, false);
        let mut first = Some(first);
        for id in self.upload.candidate_ids() {
            set_image_id(&id);
            let (mut state, first_uploaded) = match first.take() {
                Some(first) => (first.state, Some(first.uploaded)),
                None => (self.state(&id, facts).await?, None),
            };
            let uploaded = match (&state, first_uploaded) {
                (ClaimState::Free { erased_upload: None }, Some(first)) => Some(first),
                _ => self.upload_timestamp(&state, &id, facts).await?,
            };
            if let Some(uploaded) = uploaded {
                let mut record = self.new_record(&id, facts, uploaded, inspected);
                if let ClaimState::Rejected(known, _) = &state
                    && facts.name.is_none()
                {
                    // The upload may be deleted; its rejected record still has the file's name.
                    record.image_name.clone_from(&known.image_name);
                }
                let claimed = match &state {
                    ClaimState::Rejected(_, rejected_at) => self.records.claim_rejected(&record, *rejected_at).await?,
                    _ => self.records.claim(&record).await?,
                };
                if claimed == Written::Yes {
                    return Ok(Claimed { record, is_new: matches!(state, ClaimState::Free { erased_upload: None }) });
                }
                state = self.state(&id, facts).await?;
            }
            match state {
                ClaimState::Owned(record) => return Ok(Claimed { record, is_new: false }),
                // If it could still be claimed a moment ago, another execution was faster.
                ClaimState::Duplicate(known) | ClaimState::Failed(known) | ClaimState::Rejected(known, _) => {
                    return Err(duplicate(known).into());
                }
                ClaimState::Taken(known) => holder = Some(known),
                ClaimState::BeingErased => being_erased = true,
                ClaimState::Free { .. } => {}
            }
        }
        match holder.filter(|_| !being_erased) {
            Some(holder) => Err(duplicate(holder).into()),
            None => Err(StorageError::Unavailable { doing: "claiming the record", source: "the image is being erased".into() }.into()),
        }
    }

    /// The failure that ends the execution if the upload no longer exists. The late event of an erased image is a duplicate and creates no
    /// record.
    ///
    /// # Errors
    /// A `StorageError` if DynamoDB cannot be read.
    pub async fn failure_for_deleted_upload(&self) -> Result<StepFailure, StepFailure> {
        let mut erased = None;
        for id in self.upload.candidate_ids() {
            // A newer upload may have the id and hide the tombstone, so all items of the id are read.
            let items = self.records.items(&id).await?;
            if items.iter().any(|known| known.execution_arn == self.execution_arn) {
                return Ok(deleted_rejection().into());
            }
            erased = erased.or(items.into_iter().find(Record::is_erased));
        }
        Ok(erased.map_or_else(|| deleted_rejection().into(), |erased| duplicate(erased).into()))
    }

    async fn state(&self, id: &str, facts: &UploadFacts) -> Result<ClaimState, StorageError> {
        self.state_of(self.records.find(id).await?, id, facts).await
    }

    /// What the id means for the upload, by the record that was read.
    async fn state_of(&self, known: Option<Record>, id: &str, facts: &UploadFacts) -> Result<ClaimState, StorageError> {
        let Some(known) = known else { return Ok(ClaimState::Free { erased_upload: None }) };
        if known.is_erased() && self.rejected_at.is_some() {
            return Ok(ClaimState::Duplicate(known));
        }
        if known.is_erased() {
            return Ok(match check_erased_id(self.images, &known, self.upload, Some(facts)).await? {
                ErasedId::SameUpload => ClaimState::Duplicate(known),
                ErasedId::Free if self.has_record_under_another_id(id, facts).await? => ClaimState::Taken(known),
                ErasedId::Free => ClaimState::Free { erased_upload: Some(known.upload_timestamp) },
                ErasedId::Blocked => ClaimState::BeingErased,
            });
        }
        if known.execution_arn == self.execution_arn && known.processing_status == ProcessingStatus::Pending {
            return Ok(ClaimState::Owned(known));
        }
        Ok(if !claims::is_same_content(self.images, &known, self.upload, Some(facts)).await? {
            ClaimState::Taken(known)
        } else if known.is_rerunnable() {
            ClaimState::Failed(known)
        } else {
            match self.rejected_at.filter(|_| known.is_rejected()) {
                // A second event for the same rejection finds a newer rejection, or none.
                Some(at) if known.finished_at == Some(at) => ClaimState::Rejected(known, at),
                _ => ClaimState::Duplicate(known),
            }
        })
    }

    /// Whether the upload already has a record under another candidate id, because this id was still being erased when it was claimed.
    async fn has_record_under_another_id(&self, id: &str, facts: &UploadFacts) -> Result<bool, StorageError> {
        for other in self.upload.candidate_ids().iter().filter(|other| *other != id) {
            let known = self.records.find(other).await?.filter(|known| !known.is_erased());
            if let Some(known) = known
                && claims::is_same_content(self.images, &known, self.upload, Some(facts)).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The sort key under which the record may be claimed; `None` if it may not be claimed.
    async fn upload_timestamp(&self, state: &ClaimState, id: &str, facts: &UploadFacts) -> Result<Option<EpochMillis>, StorageError> {
        Ok(match state {
            ClaimState::Free { erased_upload } => {
                Some(claims::upload_timestamp(self.images, self.upload, id, facts, *erased_upload).await?)
            }
            ClaimState::Failed(known) | ClaimState::Rejected(known, _) => Some(known.upload_timestamp),
            ClaimState::Owned(_) | ClaimState::Duplicate(_) | ClaimState::Taken(_) | ClaimState::BeingErased => None,
        })
    }

    fn new_record(&self, id: &str, facts: &UploadFacts, uploaded: EpochMillis, inspected: Option<&Inspected>) -> Record {
        let mut record = Record::claimed(id.to_owned(), self.upload, facts.size, uploaded, self.execution_arn.to_owned(), self.now);
        record.version_id.clone_from(&facts.version_id);
        record.image_name = image_name(facts.name.as_deref(), &self.upload.key);
        if let Some(inspected) = inspected {
            (record.width, record.height) = (Some(inspected.width), Some(inspected.height));
            record.thumbhash = Some(inspected.thumbhash.clone());
            record.processed_key = Some(layout::processed_image(id));
            record.thumbnail_key = Some(layout::thumbnail(id));
            record.large_thumbnail_key = inspected.large_thumbnail.is_some().then(|| layout::large_thumbnail(id));
        }
        record
    }
}

fn duplicate(known: Record) -> DuplicateImage {
    DuplicateImage { image_id: known.image_id, execution_arn: known.execution_arn }
}

/// OBJECT_DELETED.
pub fn deleted_rejection() -> Rejection {
    Rejection::new(ReasonCode::ObjectDeleted, "the object was deleted before it was inspected")
}
