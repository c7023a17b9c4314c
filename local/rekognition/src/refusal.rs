//! The errors that a client can get, under Rekognition's names.

use axum::http::StatusCode;
use serde_json::json;

/// The name that goes into `__type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    AccessDenied,
    ImageTooLarge,
    InternalServerError,
    InvalidImageFormat,
    InvalidParameter,
    InvalidS3Object,
    /// Ours alone: Rekognition can do it, the local models cannot.
    NotSupportedLocally,
    ProvisionedThroughputExceeded,
    Serialization,
    Throttling,
    UnknownOperation,
}

impl Code {
    /// As Rekognition spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::ImageTooLarge => "ImageTooLargeException",
            Self::InternalServerError => "InternalServerError",
            Self::InvalidImageFormat => "InvalidImageFormatException",
            Self::InvalidParameter => "InvalidParameterException",
            Self::InvalidS3Object => "InvalidS3ObjectException",
            Self::NotSupportedLocally => "NotSupportedLocallyException",
            Self::ProvisionedThroughputExceeded => "ProvisionedThroughputExceededException",
            Self::Serialization => "SerializationException",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
        }
    }

    /// 500 for the one that is the server's own, else 400.
    pub fn status(self) -> StatusCode {
        if self == Self::InternalServerError { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST }
    }
}

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// For people; where Rekognition's own wording is known, it begins with that.
    pub message: String,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Something that only the real service can do, e.g. `the feature IMAGE_PROPERTIES`.
    pub fn not_here(what: &str) -> Self {
        Self::new(Code::NotSupportedLocally, format!("no local model can answer {what}; Amazon Rekognition itself has it"))
    }

    /// A parameter outside what is documented.
    pub fn parameter(detail: &str) -> Self {
        Self::new(Code::InvalidParameter, format!("Request has invalid parameters: {detail}"))
    }

    /// Bytes that are no whole JPEG or PNG.
    pub fn format(detail: &str) -> Self {
        Self::new(Code::InvalidImageFormat, format!("Request has invalid image format: {detail}"))
    }

    /// Capacity is short for the moment.
    pub fn throttled() -> Self {
        Self::new(Code::Throttling, "Rate exceeded")
    }

    /// Our own fault. The detail goes to the log of whoever called, so it names no content.
    pub fn internal(detail: &str) -> Self {
        Self::new(Code::InternalServerError, format!("Internal server error: {detail}"))
    }

    /// The JSON body of the answer.
    pub fn body(&self) -> String {
        json!({ "__type": self.code.name(), "Message": self.message }).to_string()
    }
}
