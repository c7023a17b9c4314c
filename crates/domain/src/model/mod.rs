//! The types that are stored, sent and received.
//!
//! Other crates import types and constants from here, and functions from their module, such as [`clock::week`].

pub mod analysis;
pub mod clock;
pub mod error;
pub mod event;
pub mod execution;
pub mod findings;
pub mod identity;
pub mod image;
pub mod image_name;
pub mod import;
pub mod layout;
pub mod meter;
pub mod percent;
pub mod record;
pub mod rejection;
pub mod review;

pub use analysis::{Analysis, DEFAULT_MIN_CONFIDENCE, Outcome, Question, StoredAnswer};
pub use clock::{Clock, DAY_MILLIS, EpochMillis, FixedClock, Pause, WEEK_MILLIS};
pub use error::{
    AlertError, Cause, ImportError, InputInvalid, RecognitionError, RecordSuperseded, SettingsInvalid, StepError, StorageError,
};
pub use event::{DeadLetter, ExecutionStatusChanged, ExecutionStatusDetail, ObjectCreated, ObjectCreatedDetail};
pub use findings::{
    AgeRange, Estimate, Face, FacesFound, Flag, Gate, LabelsFound, MAX_BOXES, MAX_EMOTIONS, ModerationFound, PolicyAction, Pose, Quality,
    Scored, StoredLabel, TextFound, TextLine, Verdict,
};
pub use identity::{ContentHash, DEFAULT_OWNER, ObjectRef, Upload};
pub use image::{BoundingBox, Creation, ExifFacts, GeoPoint, ImageFormat, ImageRef};
pub use import::{ImportItem, ImportStatus, Imported, LIST_HEADING, ListedObject};
pub use meter::{CallMeter, Calls};
pub use record::{
    Analyses, DEFAULT_RETENTION_DAYS, ImageOutcome, ProcessingStatus, Record, SCHEMA_VERSION, SUMMARY_LABELS, Tombstone, WorkQueue,
};
pub use rejection::{DuplicateImage, FolderMarker, ReasonCode, Rejection};
pub use review::{ReviewOutcome, ReviewStatus};
