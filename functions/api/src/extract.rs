//! Arguments of handlers whose rejections are problems.

use crate::problem::Problem;
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Maximum size of a body in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."))
            }
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {MAX_BODY} bytes. Send fewer at once.")))
            }
            Err(rejection) => Err(Problem::invalid(format!("The body is not valid: {}.", reason(&rejection.body_text())))),
        }
    }
}

/// What is wrong with the body, in a form without axum's introduction.
fn reason(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, reason)| reason).trim_end_matches('.')
}

/// Parameters of the query.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let invalid = |text: &str| Problem::invalid(format!("A parameter is not valid: {}.", reason(text)));
        query.map(|Query(parameters)| Self(parameters)).map_err(|rejection| invalid(&rejection.body_text()))
    }
}

/// The id of an image in the path: a UUID. Anything else is an image that does not exist.
#[derive(Debug)]
pub struct ImageId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ImageId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::no_image())?;
        parse_image_id(&id).map(Self).ok_or_else(Problem::no_image)
    }
}

/// A hyphenated UUID in lower case; `None` if the text is not one.
pub fn parse_image_id(text: &str) -> Option<String> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?.map(|id| id.to_string())
}
