//! What an SDK error means for us. Unknown means: not transient, our own set-up.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::error::{Cause, StorageError};

/// The kinds of trouble that somebody branches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Asked to slow down.
    Throttled,
    /// No answer, a broken answer, or a failure on the other side.
    Unavailable,
    /// What was asked for does not exist.
    NotFound,
    /// Anything else: permissions, names, parameters.
    Ours,
}

const THROTTLED: [&str; 8] = [
    "ThrottlingException",
    "ThrottledException",
    "Throttling",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "KMSThrottling", // as SNS calls it; S3 writes `KMS.ThrottlingException`
];

const UNAVAILABLE: [&str; 9] = [
    "InternalServerError",
    "InternalServerException",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "TransactionConflictException",
    "TransactionInProgressException",
    "KMSInternalException",
];

const NOT_FOUND: [&str; 3] = ["NoSuchKey", "NoSuchVersion", "NotFound"];

/// Sorts an SDK error by its code, then by its HTTP status.
pub fn trouble<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Trouble {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => Trouble::Unavailable,
        SdkError::ServiceError(service) => by_code(service.err().code(), service.raw().status().as_u16()),
        // `SdkError` is non-exhaustive; what is left is a request that could not even be built.
        _ => Trouble::Ours,
    }
}

fn by_code(code: Option<&str>, status: u16) -> Trouble {
    let code = code.unwrap_or_default();
    let code = code.strip_prefix("KMS.").unwrap_or(code);
    if THROTTLED.contains(&code) || status == 429 {
        Trouble::Throttled
    } else if UNAVAILABLE.contains(&code) || status >= 500 {
        Trouble::Unavailable
    } else if NOT_FOUND.contains(&code) {
        Trouble::NotFound
    } else if (200..300).contains(&status) {
        // An error out of a good status: the body could not be read.
        Trouble::Unavailable
    } else {
        Trouble::Ours
    }
}

/// An SDK error of S3, `DynamoDB` or Step Functions as a [`StorageError`].
pub fn storage<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> StorageError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match trouble(&error) {
        Trouble::Throttled | Trouble::Unavailable => StorageError::Unavailable { doing, source: cause(error) },
        Trouble::NotFound => StorageError::NotFound { doing },
        Trouble::Ours => StorageError::Misconfigured { doing, source: cause(error) },
    }
}

/// Boxes an SDK error, chain and all.
pub fn cause<E>(error: SdkError<E, HttpResponse>) -> Cause
where
    E: std::error::Error + Send + Sync + 'static,
{
    Box::new(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_before_the_status() {
        assert_eq!(by_code(Some("ThrottlingException"), 400), Trouble::Throttled);
        assert_eq!(by_code(Some("KMS.ThrottlingException"), 400), Trouble::Throttled);
        assert_eq!(by_code(Some("NoSuchKey"), 404), Trouble::NotFound);
        assert_eq!(by_code(Some("AccessDenied"), 403), Trouble::Ours);
        assert_eq!(by_code(Some("KMS.DisabledException"), 400), Trouble::Ours);
        assert_eq!(by_code(Some("NoSuchBucket"), 404), Trouble::Ours);
    }

    #[test]
    fn an_unknown_failure_of_the_other_side_is_unavailable() {
        assert_eq!(by_code(Some("NeverHeardOf"), 503), Trouble::Unavailable);
        assert_eq!(by_code(None, 200), Trouble::Unavailable);
        assert_eq!(by_code(Some("NeverHeardOf"), 400), Trouble::Ours);
    }
}
