//! Problem details (RFC 9457): every error of the API has this form.

use crate::types::Time;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sightline_domain::model::error::{StepError, StorageError};
use sightline_kit::StepFailure;
use std::fmt;
use utoipa::ToSchema;

/// An error: RFC 9457 problem details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[schema(example = "about:blank")]
    pub r#type: &'static str,
    /// The status as a phrase.
    #[schema(example = "Not Found")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What happened and what to do, in one or two sentences.
    #[schema(example = "There is no such image. It may have been erased.")]
    pub detail: String,
    /// The id of the request, for questions to an operator.
    #[schema(example = "1f0c1b9e-3a57-4d0c-9b1d-2f6a7c8e9d10")]
    pub request_id: String,
    /// Of a conflict: who has decided or claimed, a `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of a conflict: when it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Of a conflict: until when it is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// Content type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

impl Problem {
    /// A problem with this status. The request id is added when it is sent.
    pub fn new(status: StatusCode, detail: impl fmt::Display) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.to_string(),
            request_id: String::new(),
            by: None,
            at: None,
            until: None,
        }
    }

    /// 400: a parameter or the body is wrong.
    pub fn invalid(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: nobody is signed in.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Sign in and send the access token.")
    }

    /// 403: the caller may not do this.
    pub fn forbidden(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: the image does not exist or belongs to somebody else; the answer does not say which.
    pub fn no_image() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such image. It may have been erased.")
    }

    /// 404: the execution does not exist.
    pub fn no_execution() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such execution. Step Functions forgets executions after 90 days.")
    }

    /// 409: it was changed or decided by somebody else.
    pub fn conflict(detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 503, or 500 if trying again cannot help.
    fn of_storage(error: &StorageError) -> Self {
        let (status, detail) = if error.is_transient() {
            (StatusCode::SERVICE_UNAVAILABLE, "A service does not answer at this moment. Try again in a few seconds.")
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, "Something is not set up correctly. Tell an operator the request id.")
        };
        Self::new(status, detail)
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let problem = Self::of_storage(&error);
        // The only place where the cause is known: the answer must not contain it.
        let failure = StepFailure::from(error);
        tracing::error!(error = failure.name(), "{}", failure.message());
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response.extensions_mut().insert(self);
        response
    }
}
