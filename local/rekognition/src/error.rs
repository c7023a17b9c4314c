//! The errors that a client can receive, with Rekognition's names.

use axum::http::StatusCode;
use serde_json::json;

/// An error of Rekognition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(suffix = "Exception")]
pub enum Code {
    AccessDenied,
    ImageTooLarge,
    InternalServerError,
    InvalidImageFormat,
    InvalidParameter,
    InvalidS3Object,
    /// Not an error of Rekognition: the local models do not support what Rekognition does.
    NotSupportedLocally,
    ProvisionedThroughputExceeded,
    Serialization,
    Throttling,
    UnknownOperation,
}

impl Code {
    /// Rekognition's name, which goes into `__type`.
    pub fn name(self) -> &'static str {
        if self == Self::InternalServerError { "InternalServerError" } else { self.into() }
    }

    /// 500 for `InternalServerError`, else 400.
    pub fn status(self) -> StatusCode {
        if self == Self::InternalServerError { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST }
    }
}

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub code: Code,
    /// Begins with Rekognition's own text where that is known.
    pub message: String,
}

impl ApiError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// For a feature that only Rekognition has; `what` is e.g. `the feature IMAGE_PROPERTIES`.
    pub fn not_supported_locally(what: &str) -> Self {
        Self::new(Code::NotSupportedLocally, format!("no local model supports {what}; Amazon Rekognition itself does"))
    }

    /// For a parameter outside its documented range.
    pub fn invalid_parameter(detail: &str) -> Self {
        Self::new(Code::InvalidParameter, format!("Request has invalid parameters: {detail}"))
    }

    /// For bytes that are not a complete JPEG or PNG.
    pub fn invalid_format(detail: &str) -> Self {
        Self::new(Code::InvalidImageFormat, format!("Request has invalid image format: {detail}"))
    }

    /// For a call beyond the current capacity.
    pub fn throttled() -> Self {
        Self::new(Code::Throttling, "Rate exceeded")
    }

    /// For a failure of this server. Callers log the detail, so it must not contain keys or content.
    pub fn internal(detail: &str) -> Self {
        Self::new(Code::InternalServerError, format!("Internal server error: {detail}"))
    }

    /// The JSON body of the response.
    pub fn body(&self) -> String {
        json!({ "__type": self.code.name(), "Message": self.message }).to_string()
    }
}
