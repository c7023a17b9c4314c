//! Errors that can end a step. Step Functions matches them by their stable names, which docs/errors.md lists.

use std::error::Error as StdError;

/// The cause of an error. `sightline-kit` appends it to the message, once.
pub type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// An error with a stable name that may end a step.
pub trait StepError: StdError + Send + Sync + 'static {
    /// The name that Step Functions sees: `Noun.Reason`.
    fn name(&self) -> &'static str;

    /// Whether the same call may succeed later. The state machine retries exactly these names.
    fn is_transient(&self) -> bool;

    /// Whether the error describes the image and not a failure: the state machine catches it, and the execution succeeds.
    fn is_expected(&self) -> bool {
        false
    }
}

/// A call of Rekognition failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecognitionError {
    /// Rekognition throttled the call, and also all retries of the SDK.
    #[error("{operation} was throttled")]
    Throttled {
        /// The Rekognition operation.
        operation: &'static str,
        /// The error of the SDK.
        #[source]
        source: Cause,
    },
    /// Rekognition did not respond, sent an unreadable response, or had an internal error.
    #[error("{operation} is unavailable")]
    Unavailable {
        /// The Rekognition operation.
        operation: &'static str,
        /// The error of the SDK.
        #[source]
        source: Cause,
    },
    /// Rekognition cannot read this image.
    #[error("{operation} refuses the image")]
    Refused {
        /// The Rekognition operation.
        operation: &'static str,
        /// The error of the SDK.
        #[source]
        source: Cause,
    },
    /// Wrong permissions, bucket or parameters. Unknown errors are in this class too, so that they are not retried.
    #[error("{operation} is not set up correctly")]
    Misconfigured {
        /// The Rekognition operation.
        operation: &'static str,
        /// The error of the SDK.
        #[source]
        source: Cause,
    },
}

impl StepError for RecognitionError {
    fn name(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "Recognition.Throttled",
            Self::Unavailable { .. } => "Recognition.Unavailable",
            Self::Refused { .. } => "Recognition.Refused",
            Self::Misconfigured { .. } => "Recognition.Misconfigured",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Unavailable { .. } => true,
            Self::Refused { .. } | Self::Misconfigured { .. } => false,
        }
    }

    fn is_expected(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// A call of S3, DynamoDB, Step Functions or another service that stores data failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A transient error: throttling, a timeout, a 5xx status, a transaction conflict.
    #[error("{doing}: the service is unavailable")]
    Unavailable {
        /// The operation, such as `reading the object`.
        doing: &'static str,
        /// The error of the SDK.
        #[source]
        source: Cause,
    },
    /// The object or item does not exist.
    #[error("{doing}: it does not exist")]
    NotFound {
        /// The operation.
        doing: &'static str,
    },
    /// Wrong permissions, keys or names. Unknown errors are in this class too.
    #[error("{doing}: not set up correctly")]
    Misconfigured {
        /// The operation.
        doing: &'static str,
        /// The error of the SDK.
        #[source]
        source: Cause,
    },
}

impl StepError for StorageError {
    fn name(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "Storage.Unavailable",
            Self::NotFound { .. } => "Storage.NotFound",
            Self::Misconfigured { .. } => "Storage.Misconfigured",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::NotFound { .. } | Self::Misconfigured { .. } => false,
        }
    }
}

/// The alert could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// A transient error of SNS.
    #[error("publishing the alert: SNS is unavailable")]
    Unavailable(#[source] Cause),
    /// The topic does not exist, or permission to publish is missing.
    #[error("publishing the alert: not set up correctly")]
    Misconfigured(#[source] Cause),
}

impl StepError for AlertError {
    fn name(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "Alert.Unavailable",
            Self::Misconfigured(_) => "Alert.Misconfigured",
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Misconfigured(_) => false,
        }
    }
}

/// An image could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The object to import does not exist or has changed.
    #[error("the object does not exist, or was replaced since the list was made")]
    SourceMissing,
    /// S3 denies access. If listing the bucket is denied too, the object can also be missing.
    #[error("permission to read the object is denied")]
    Denied(#[source] Cause),
    /// The object was imported, but its analysis failed.
    #[error("the analysis of image {image_id} failed: {reason}")]
    Failed {
        /// The image.
        image_id: String,
        /// `StatusReason` and `StatusDetail` of its record.
        reason: String,
    },
    /// A call of a service failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl StepError for ImportError {
    fn name(&self) -> &'static str {
        match self {
            Self::SourceMissing => "Import.SourceMissing",
            Self::Denied(_) => "Import.Denied",
            Self::Failed { .. } => "Import.Failed",
            Self::Storage(error) => error.name(),
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::SourceMissing | Self::Denied(_) | Self::Failed { .. } => false,
            Self::Storage(error) => error.is_transient(),
        }
    }
}

/// This execution does not hold the record: another one does, the image was erased, or it was never claimed.
#[derive(Debug, thiserror::Error)]
#[error("this execution does not hold the record of image {image_id}: another one does, or it was erased or never claimed")]
pub struct RecordSuperseded {
    /// The image.
    pub image_id: String,
}

impl StepError for RecordSuperseded {
    fn name(&self) -> &'static str {
        "Record.Superseded"
    }

    fn is_transient(&self) -> bool {
        false
    }

    fn is_expected(&self) -> bool {
        true
    }
}

/// The input of a step does not have the expected shape.
#[derive(Debug, thiserror::Error)]
#[error("the input does not have the expected shape")]
pub struct InputInvalid(#[source] pub Cause);

impl StepError for InputInvalid {
    fn name(&self) -> &'static str {
        "Input.Invalid"
    }

    fn is_transient(&self) -> bool {
        false
    }
}

/// Settings of the function are missing or invalid. All problems are reported together.
#[derive(Debug, thiserror::Error)]
#[error("settings are missing or invalid: {}", problems.join("; "))]
pub struct SettingsInvalid {
    /// One sentence for each problem.
    pub problems: Vec<String>,
}

impl StepError for SettingsInvalid {
    fn name(&self) -> &'static str {
        "Settings.Invalid"
    }

    fn is_transient(&self) -> bool {
        false
    }
}
