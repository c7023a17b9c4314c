//! What an SDK error means for us. Unknown means: not transient, our own set-up.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::model::error::{Cause, StorageError};

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
    } else if NOT_FOUND.contains(&code) || (code.is_empty() && status == 404) {
        // S3 repeats the key in the body of the error; where the key holds a control character, no parser reads that body.
        Trouble::NotFound
    } else if (200..300).contains(&status) {
        // An error out of a good status: the body could not be read.
        Trouble::Unavailable
    } else {
        Trouble::Ours
    }
}

/// Whether an answer asks us to slow down: by its code, and where it has none, by its status.
pub(crate) fn throttled(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    if status < 400 {
        return false;
    }
    let body = response.body().bytes().unwrap_or_default();
    match response.headers().get("x-amzn-errortype").map(str::to_owned).or_else(|| code_in(body)) {
        // `Namespace#Code:URL`, as the JSON protocols write it.
        Some(code) => {
            let code = code.rsplit('#').next().and_then(|code| code.split(':').next());
            by_code(code, status) == Trouble::Throttled
        }
        // S3 answers HEAD requests without a body.
        None => matches!(status, 429 | 503),
    }
}

/// The code in the body of an error: JSON, or XML.
fn code_in(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => json.get("__type").or_else(|| json.get("code")).and_then(serde_json::Value::as_str).map(str::to_owned),
        Err(_) => text.split_once("<Code>")?.1.split_once("</Code>").map(|(code, _)| code.to_owned()),
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
        assert_eq!(by_code(None, 404), Trouble::NotFound);
    }

    #[test]
    fn a_request_to_slow_down_is_told_by_its_code_and_without_one_by_its_status() {
        let answer = |status: u16, body: &'static str| HttpResponse::new(status.try_into().unwrap(), body.into());
        let mut by_header = answer(400, "{}");
        by_header.headers_mut().insert("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/");
        assert!(throttled(&by_header));
        assert!(throttled(&answer(400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#)));
        assert!(throttled(&answer(503, "<Error><Code>SlowDown</Code></Error>")));
        assert!(throttled(&answer(503, "")) && throttled(&answer(429, "<html>")));
        assert!(!throttled(&answer(503, "<Error><Code>ServiceUnavailable</Code></Error>")));
        assert!(!throttled(&answer(500, "")) && !throttled(&answer(400, r#"{"__type":"AccessDeniedException"}"#)));
        assert!(!throttled(&answer(200, r#"{"code":"Throttling"}"#)), "a good answer may hold anything");
    }

    #[test]
    fn an_unknown_failure_of_the_other_side_is_unavailable() {
        assert_eq!(by_code(Some("NeverHeardOf"), 503), Trouble::Unavailable);
        assert_eq!(by_code(None, 200), Trouble::Unavailable);
        assert_eq!(by_code(Some("NeverHeardOf"), 400), Trouble::Ours);
    }
}
