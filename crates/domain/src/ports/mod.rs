//! What the flows need from AWS: one trait per resource. `sightline-aws` implements them for AWS, `sightline-tests` in memory.

mod alerts;
mod analyzer;
mod counters;
mod execution_operations;
mod executions;
mod gallery;
mod import_source;
mod interventions;
mod label_index;
mod links;
mod objects;
mod overlays;
mod records;
mod review_leases;
mod uploads;
mod work_queues;

pub use alerts::Alerts;
pub use analyzer::ImageAnalyzer;
pub use counters::{Counters, Replaced, TallyChange};
pub use execution_operations::{ExecutionOperations, ExecutionQuery, Redriven};
pub use executions::{ExecutionFacts, ExecutionState, Executions, FailureCause, Notified, Stopped};
pub use gallery::{Gallery, GalleryFilter, GalleryImage, GalleryQuery, RecordKey};
pub use import_source::{ImportSource, ObjectFacts};
pub use interventions::{Decided, Interventions, ReviewState};
pub use label_index::{LabelIndex, RowPage, RowRange};
pub use links::{Links, SignedRequest, UploadGrant};
pub use objects::{Content, ObjectVersion, Objects, TAGGED_STATUSES, Tagged};
pub use overlays::Overlays;
pub use records::{Records, ReviewRequest, Written};
pub use review_leases::{ReviewClaim, ReviewLease, ReviewLeases};
pub use uploads::{FetchedUpload, UploadFacts, UploadVersion, Uploads, VersionPosition};
pub use work_queues::{QueuedImage, ReviewQueueState, SavedDecision, Unreadable, WorkQueues};

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct Page<T, P> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Items that cannot be read. They are listed, so that one of them does not hide the others.
    pub unreadable: Vec<Unreadable>,
    /// The start of the next page; `None` on the last page.
    pub next: Option<P>,
}
