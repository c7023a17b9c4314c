//! Classifies SDK errors by code and HTTP status. Unknown errors are not transient.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{metadata::ProvideErrorMetadata, operation::BuildError};
use sightline_domain::model::{Cause, StorageError};

/// The classes of SDK errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The service throttled the call.
    Throttled,
    /// No response, an unreadable response, or an internal error of the service.
    Unavailable,
    /// The object or item does not exist.
    NotFound,
    /// Wrong permissions, names or parameters, and unknown errors.
    Misconfigured,
}

const THROTTLED: [&str; 8] = [
    "ThrottlingException",
    "ThrottledException",
    "Throttling",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "KMSThrottling", // SNS; S3 writes `KMS.ThrottlingException`
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

/// The class of an SDK error, by its code or else by its HTTP status.
pub fn class_of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> ErrorClass {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => ErrorClass::Unavailable,
        SdkError::ServiceError(service) => by_code(service.err().code(), service.raw().status().as_u16()),
        // `SdkError` is non-exhaustive; the remaining variant is a request that could not be built.
        _ => ErrorClass::Misconfigured,
    }
}

fn by_code(code: Option<&str>, status: u16) -> ErrorClass {
    let code = code.unwrap_or_default();
    let code = code.strip_prefix("KMS.").unwrap_or(code);
    if THROTTLED.contains(&code) || status == 429 {
        ErrorClass::Throttled
    } else if UNAVAILABLE.contains(&code) || status >= 500 {
        ErrorClass::Unavailable
    } else if NOT_FOUND.contains(&code) || (code.is_empty() && status == 404) {
        // S3 repeats the key in the body of the error. If the key contains a control character, the body is not valid XML.
        ErrorClass::NotFound
    } else if (200..300).contains(&status) {
        // An error with a success status: the body could not be read.
        ErrorClass::Unavailable
    } else {
        ErrorClass::Misconfigured
    }
}

/// Whether a response is a throttling error, by its code or, if it has none, by its HTTP status.
pub(crate) fn is_throttled(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    if status < 400 {
        return false;
    }
    let body = response.body().bytes().unwrap_or_default();
    match response.headers().get("x-amzn-errortype").map(str::to_owned).or_else(|| code_in(body)) {
        // The JSON protocols write `Namespace#Code:URL`.
        Some(code) => {
            let code = code.rsplit('#').next().and_then(|code| code.split(':').next());
            by_code(code, status) == ErrorClass::Throttled
        }
        // S3's responses to HEAD requests have no body.
        None => matches!(status, 429 | 503),
    }
}

/// The error code in a JSON or XML body.
fn code_in(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => json.get("__type").or_else(|| json.get("code")).and_then(serde_json::Value::as_str).map(str::to_owned),
        Err(_) => text.split_once("<Code>")?.1.split_once("</Code>").map(|(code, _)| code.to_owned()),
    }
}

/// Converts an SDK error to a [`StorageError`]. `doing` is the operation, such as `reading the record`.
pub fn storage<E>(doing: &'static str, error: SdkError<E, HttpResponse>) -> StorageError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match class_of(&error) {
        ErrorClass::Throttled | ErrorClass::Unavailable => StorageError::Unavailable { doing, source: cause(error) },
        ErrorClass::NotFound => StorageError::NotFound { doing },
        ErrorClass::Misconfigured => StorageError::Misconfigured { doing, source: cause(error) },
    }
}

/// The error of a request that the SDK cannot build.
pub fn invalid_request(doing: &'static str) -> impl Fn(BuildError) -> StorageError {
    move |source| StorageError::Misconfigured { doing, source: source.into() }
}

/// Boxes an SDK error with its sources.
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
    fn the_code_has_precedence_over_the_status() {
        assert_eq!(by_code(Some("ThrottlingException"), 400), ErrorClass::Throttled);
        assert_eq!(by_code(Some("KMS.ThrottlingException"), 400), ErrorClass::Throttled);
        assert_eq!(by_code(Some("NoSuchKey"), 404), ErrorClass::NotFound);
        assert_eq!(by_code(Some("AccessDenied"), 403), ErrorClass::Misconfigured);
        assert_eq!(by_code(Some("KMS.DisabledException"), 400), ErrorClass::Misconfigured);
        assert_eq!(by_code(Some("NoSuchBucket"), 404), ErrorClass::Misconfigured);
        assert_eq!(by_code(None, 404), ErrorClass::NotFound);
    }

    #[test]
    fn throttling_is_recognised_by_the_code_or_without_one_by_the_status() {
        let answer = |status: u16, body: &'static str| HttpResponse::new(status.try_into().unwrap(), body.into());
        let mut by_header = answer(400, "{}");
        by_header.headers_mut().insert("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/");
        assert!(is_throttled(&by_header));
        assert!(is_throttled(&answer(400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#)));
        assert!(is_throttled(&answer(503, "<Error><Code>SlowDown</Code></Error>")));
        assert!(is_throttled(&answer(503, "")) && is_throttled(&answer(429, "<html>")));
        assert!(!is_throttled(&answer(503, "<Error><Code>ServiceUnavailable</Code></Error>")));
        assert!(!is_throttled(&answer(500, "")) && !is_throttled(&answer(400, r#"{"__type":"AccessDeniedException"}"#)));
        assert!(!is_throttled(&answer(200, r#"{"code":"Throttling"}"#)), "the body of a successful response is not checked");
    }

    #[test]
    fn unknown_server_errors_are_unavailable() {
        assert_eq!(by_code(Some("NeverHeardOf"), 503), ErrorClass::Unavailable);
        assert_eq!(by_code(None, 200), ErrorClass::Unavailable);
        assert_eq!(by_code(Some("NeverHeardOf"), 400), ErrorClass::Misconfigured);
    }
}
