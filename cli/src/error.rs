//! What can end a command early, as one sentence each, with its exit code.

use crate::exit::Exit;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::ErrorMetadata;
use sightline_domain::model::error::{Cause, StorageError};
use std::error::Error as StdError;

/// Why a command ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Called wrongly.
    #[error("{0}")]
    Usage(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be done as things stand.
    #[error("{0}")]
    Failed(String),
    /// There is no stack, or only half of one.
    #[error(
        "{problem} in region {region} at {endpoint}; deploy it with `make up` (locally) or `make deploy` (AWS), or name another with --name, --region or --profile"
    )]
    NoStack {
        /// What is missing.
        problem: String,
        /// Where we looked.
        region: String,
        /// Where we looked.
        endpoint: String,
    },
    /// No region is set.
    #[error("no region is set; pass --region or set AWS_REGION")]
    NoRegion,
    /// No credentials were found.
    #[error("no AWS credentials were found; sign in, pass --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials(#[source] Cause),
    /// The profile that was named has none.
    #[error("no AWS credentials were found in profile {profile}; sign in with it, or pass another --profile")]
    EmptyProfile {
        /// Its name.
        profile: String,
        /// What the SDK said.
        #[source]
        source: Cause,
    },
    /// Credentials were found, and refused.
    #[error("{doing}: not allowed")]
    NotAllowed {
        /// What we were doing.
        doing: String,
        /// What the service said.
        #[source]
        source: Cause,
    },
    /// Nobody answers.
    #[error("{doing}: the endpoint cannot be reached; check --endpoint-url, --region and the network")]
    Unreachable {
        /// What we were doing.
        doing: String,
        /// What the network said.
        #[source]
        source: Cause,
    },
    /// A service said no for another reason.
    #[error("{doing} failed")]
    Service {
        /// What we were doing.
        doing: String,
        /// What the service said.
        #[source]
        source: Cause,
    },
    /// A value could not be written as JSON.
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

    /// Names the profile that was asked for, where its credentials are what is missing.
    #[must_use]
    pub fn with_profile(self, profile: Option<&str>) -> Self {
        match (self, profile) {
            (Self::NoCredentials(source), Some(profile)) => Self::EmptyProfile { profile: profile.to_owned(), source },
            (error, _) => error,
        }
    }

    /// What an SDK error means to the person at the keyboard.
    pub fn service(doing: impl Into<String>, source: Cause) -> Self {
        let doing = doing.into();
        let refused = find::<ErrorMetadata>(&*source).and_then(ErrorMetadata::code).is_some_and(|code| NOT_ALLOWED.contains(&code));
        if refused {
            Self::NotAllowed { doing, source }
        } else if find::<CredentialsError>(&*source).is_some() {
            Self::NoCredentials(source)
        } else if find::<ConnectorError>(&*source).is_some() {
            Self::Unreachable { doing, source }
        } else {
            Self::Service { doing, source }
        }
    }
}

/// Codes by which AWS services say that the caller may not do this, or is not who they claim to be.
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

/// An error with its causes on one line. Causes that only say that there is a cause are left out.
pub fn sentence(error: &(dyn StdError + 'static)) -> String {
    const SAYING_NOTHING: [&str; 6] =
        ["service error", "dispatch failure", "unhandled error", "other", "io error", "the credential provider was not enabled"];
    let mut parts: Vec<String> = Vec::new();
    for part in chain(error) {
        let said = match part.downcast_ref::<ErrorMetadata>() {
            Some(metadata) => [metadata.code(), metadata.message()].into_iter().flatten().collect::<Vec<_>>().join(": "),
            None => part.to_string(),
        };
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        // All that follows is a list of where the SDK looked for credentials.
        if said.contains("no credentials found in chain") {
            break;
        }
        let new = !said.is_empty() && !SAYING_NOTHING.contains(&said.as_str()) && !said.starts_with("unhandled error (");
        if new && parts.iter().all(|earlier| !earlier.contains(&said)) {
            parts.push(said);
        }
    }
    crate::output::text::clean(&parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: &str) -> CliError {
        let metadata = ErrorMetadata::builder().code(code).message("no \u{1b}[31mway").build();
        CliError::service("reading the record", Box::new(metadata))
    }

    #[test]
    fn refusals_have_their_own_exit_code() {
        assert_eq!(answered("AccessDeniedException").exit(), Exit::NotAllowed);
        assert_eq!(answered("ExpiredToken").exit(), Exit::NotAllowed);
        assert_eq!(answered("ValidationException").exit(), Exit::Failed);
    }

    #[test]
    fn a_sentence_names_what_was_done_and_why_it_failed_and_holds_no_control_characters() {
        let said = sentence(&answered("ValidationException"));
        assert_eq!(said, "reading the record failed: ValidationException: no \u{fffd}[31mway");
    }
}
