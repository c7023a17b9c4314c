//! How a command ends: exit codes, and errors that are one sentence each.

use crate::output::clean;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::ErrorMetadata;
use sightline_domain::model::{Cause, StorageError};
use std::error::Error as StdError;

/// Exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Success = 0,
    Failed = 1,
    /// The command line is wrong; nothing was done.
    Usage = 2,
    /// Some of the work failed.
    Partial = 3,
    /// The image or execution does not exist.
    NotFound = 4,
    /// No credentials, or permission denied.
    NotAllowed = 5,
    /// The command took longer than `--timeout`.
    TimedOut = 6,
    /// A signal ended the command.
    Interrupted = 130,
}

impl Exit {
    /// The exit code of the process.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit of work on `total` things, of which `failed` failed.
    pub const fn of_many(failed: usize, total: usize) -> Self {
        match failed {
            0 => Self::Success,
            _ if failed == total => Self::Failed,
            _ => Self::Partial,
        }
    }
}

/// Why a command ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// An image or execution does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Any other reason that is a whole sentence.
    #[error("{0}")]
    Failed(String),
    /// A stack of the deployment does not exist, or lacks outputs.
    #[error(
        "{problem} in region {region} at {endpoint}; deploy it with `make up` (locally) or `make deploy` (AWS), or name another with --name, --region or --profile"
    )]
    NoStack { problem: String, region: String, endpoint: String },
    #[error("no region is set; pass --region or set AWS_REGION")]
    NoRegion,
    #[error("no AWS credentials were found; sign in, pass --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials(#[source] Cause),
    #[error("no AWS credentials were found in profile {profile}; sign in with it, or pass another --profile")]
    EmptyProfile { profile: String, source: Cause },
    #[error("{context}: permission denied")]
    NotAllowed { context: String, source: Cause },
    #[error("{context}: the endpoint cannot be reached; check --endpoint-url, --region and the network")]
    Unreachable { context: String, source: Cause },
    /// Any other error of a service.
    #[error("{context} failed")]
    Service { context: String, source: Cause },
    #[error("the output cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl CliError {
    /// The exit code.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::NoCredentials(_) | Self::EmptyProfile { .. } | Self::NotAllowed { .. } => Exit::NotAllowed,
            Self::Failed(_) | Self::NoStack { .. } | Self::NoRegion | Self::Unreachable { .. } | Self::Service { .. } | Self::Json(_) => {
                Exit::Failed
            }
        }
    }

    /// Names `--profile` in the error if its credentials are missing.
    #[must_use]
    pub fn with_profile(self, profile: Option<&str>) -> Self {
        match (self, profile) {
            (Self::NoCredentials(source), Some(profile)) => Self::EmptyProfile { profile: profile.to_owned(), source },
            (error, _) => error,
        }
    }

    /// Classifies an error of the SDK. `context` says what failed, such as `reading the record`.
    pub fn service(context: impl Into<String>, source: Cause) -> Self {
        let context = context.into();
        let is_refused = find::<ErrorMetadata>(&*source).and_then(ErrorMetadata::code).is_some_and(|code| NOT_ALLOWED.contains(&code));
        if is_refused {
            Self::NotAllowed { context, source }
        } else if find::<CredentialsError>(&*source).is_some() {
            Self::NoCredentials(source)
        } else if find::<ConnectorError>(&*source).is_some() {
            Self::Unreachable { context, source }
        } else {
            Self::Service { context, source }
        }
    }
}

/// Error codes of AWS services for missing permissions and for wrong or expired credentials.
const NOT_ALLOWED: [&str; 12] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

impl From<StorageError> for CliError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound { doing } => Self::Failed(format!("{doing}: it does not exist")),
            StorageError::Unavailable { doing, source } | StorageError::Misconfigured { doing, source } => Self::service(doing, source),
            other => Self::Failed(other.to_string()),
        }
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error with its causes on one line, without the causes that carry no information.
pub fn sentence(error: &(dyn StdError + 'static)) -> String {
    const UNINFORMATIVE: [&str; 6] =
        ["service error", "dispatch failure", "unhandled error", "other", "io error", "the credential provider was not enabled"];
    let mut parts: Vec<String> = Vec::new();
    for part in chain(error) {
        let text = match part.downcast_ref::<ErrorMetadata>() {
            Some(metadata) => [metadata.code(), metadata.message()].into_iter().flatten().collect::<Vec<_>>().join(": "),
            None => part.to_string(),
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // The remaining causes list where the SDK looked for credentials.
        if text.contains("no credentials found in chain") {
            break;
        }
        let is_informative = !text.is_empty() && !UNINFORMATIVE.contains(&text.as_str()) && !text.starts_with("unhandled error (");
        if is_informative && parts.iter().all(|earlier| !earlier.contains(&text)) {
            parts.push(text);
        }
    }
    clean(&parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service_error(code: &str) -> CliError {
        let metadata = ErrorMetadata::builder().code(code).message("no \u{1b}[31mway").build();
        CliError::service("reading the record", Box::new(metadata))
    }

    #[test]
    fn exit_is_partial_if_some_fail_and_failed_if_all_fail() {
        assert_eq!(Exit::of_many(0, 3), Exit::Success);
        assert_eq!(Exit::of_many(1, 3), Exit::Partial);
        assert_eq!(Exit::of_many(3, 3), Exit::Failed);
        assert_eq!(Exit::Interrupted.code(), 130);
    }

    #[test]
    fn permission_errors_have_their_own_exit_code() {
        assert_eq!(service_error("AccessDeniedException").exit(), Exit::NotAllowed);
        assert_eq!(service_error("ExpiredToken").exit(), Exit::NotAllowed);
        assert_eq!(service_error("ValidationException").exit(), Exit::Failed);
    }

    #[test]
    fn sentence_says_what_failed_and_why_without_control_characters() {
        let text = sentence(&service_error("ValidationException"));
        assert_eq!(text, "reading the record failed: ValidationException: no \u{fffd}[31mway");
    }
}
