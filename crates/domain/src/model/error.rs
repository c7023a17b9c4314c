//! Errors that can leave a step, under the stable names that Step Functions matches (docs/errors.md lists them all).

use std::error::Error as StdError;

/// The cause below an error of ours; kept, and joined to the message once, at the Lambda edge.
pub type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// An error with a stable name that may end a step.
pub trait StepError: StdError + Send + Sync + 'static {
    /// The name under which Step Functions sees it: `Noun.Reason`.
    fn name(&self) -> &'static str;

    /// Whether trying again, unchanged, may help. The state machine retries exactly these names.
    fn is_transient(&self) -> bool;

    /// Whether it describes the image and not a fault: the state machine catches it, and the execution succeeds.
    fn is_expected(&self) -> bool {
        false
    }
}

/// Rekognition did not give an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecognitionError {
    /// Rekognition asks us to slow down, and went on doing so through the SDK's own retries.
    #[error("{operation} was throttled")]
    Throttled {
        /// The Rekognition operation.
        operation: &'static str,
        /// What the SDK reported.
        #[source]
        source: Cause,
    },
    /// No answer, a broken answer, or an internal error of Rekognition.
    #[error("{operation} is unavailable")]
    Unavailable {
        /// The Rekognition operation.
        operation: &'static str,
        /// What the SDK reported.
        #[source]
        source: Cause,
    },
    /// Rekognition will never answer for this image.
    #[error("{operation} refuses the image")]
    Refused {
        /// The Rekognition operation.
        operation: &'static str,
        /// What the SDK reported.
        #[source]
        source: Cause,
    },
    /// Our own set-up is wrong: permissions, bucket, parameters. Unknown errors count here, so that no retry is burned on them.
    #[error("{operation} is not set up correctly")]
    Misconfigured {
        /// The Rekognition operation.
        operation: &'static str,
        /// What the SDK reported.
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

/// S3, DynamoDB or Step Functions did not do what we asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A passing trouble: throttling, a timeout, a 5xx, a transaction conflict.
    #[error("{doing}: the service is unavailable")]
    Unavailable {
        /// What we were doing, such as `reading the object`.
        doing: &'static str,
        /// What the SDK reported.
        #[source]
        source: Cause,
    },
    /// The thing asked for does not exist.
    #[error("{doing}: it does not exist")]
    NotFound {
        /// What we were doing.
        doing: &'static str,
    },
    /// Our own set-up is wrong: permissions, keys, names. Unknown errors count here.
    #[error("{doing}: not set up correctly")]
    Misconfigured {
        /// What we were doing.
        doing: &'static str,
        /// What the SDK reported.
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
    /// A passing trouble at SNS.
    #[error("publishing the alert: SNS is unavailable")]
    Unavailable(#[source] Cause),
    /// The topic or our permission is wrong.
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
    /// There is nothing to import.
    #[error("the object does not exist, or was replaced since the list was made")]
    SourceMissing,
    /// We may not read it; where we may not list its bucket either, it may also be missing.
    #[error("the object may not be read")]
    Denied(#[source] Cause),
    /// It was imported, and its analysis failed.
    #[error("the analysis of image {image_id} failed: {reason}")]
    Failed {
        /// The image.
        image_id: String,
        /// What its record says of it.
        reason: String,
    },
    /// S3 did not do what we asked.
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

/// Another execution owns the record now, or nobody does, since the image was erased.
#[derive(Debug, thiserror::Error)]
#[error("the record of image {image_id} belongs to another execution now, was erased, or was never claimed")]
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

/// What a step was given does not have the shape it needs.
#[derive(Debug, thiserror::Error)]
#[error("the input is not what this function takes")]
pub struct InputInvalid(#[source] pub Cause);

impl StepError for InputInvalid {
    fn name(&self) -> &'static str {
        "Input.Invalid"
    }

    fn is_transient(&self) -> bool {
        false
    }
}

/// The function's own settings are wrong; every problem is named at once.
#[derive(Debug, thiserror::Error)]
#[error("settings are missing or wrong: {}", problems.join("; "))]
pub struct SettingsInvalid {
    /// One sentence per setting.
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
