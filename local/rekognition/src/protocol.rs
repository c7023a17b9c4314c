//! The AWS JSON 1.1 protocol: `POST /` with the operation in a header.

use std::{future, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, header},
    routing::post,
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    body,
    faults::Effect,
    journal::Entry,
    operation::Operation,
    queue::Place,
    refusal::{Code, Refusal},
    request::Request,
    service::Service,
};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Bodies up to this size name an image in S3 and need no room of their own.
const SMALL_BODY_BYTES: u64 = 16 * 1024;

/// A response with this extension is never sent: the connection is dropped instead.
#[derive(Debug, Clone, Copy)]
pub struct DropConnection;

/// `POST /`.
pub fn routes() -> Router<Arc<Service>> {
    Router::new().route("/", post(call))
}

/// What becomes of a call.
pub enum Reply {
    /// HTTP 200 with this body.
    Answer(String),
    /// HTTP 200 with this body, which is no answer.
    Garble(&'static str),
    Refuse(Refusal),
    /// The connection is dropped.
    Drop,
}

async fn call(State(service): State<Arc<Service>>, http: HttpRequest<Body>) -> Response<Body> {
    let mut entry = Entry::new(Arc::clone(&service));
    let reply = reply(&service, http, &mut entry).await.unwrap_or_else(Reply::Refuse);
    entry.close(&reply);
    response(reply, entry.request_id)
}

async fn reply(service: &Arc<Service>, http: HttpRequest<Body>, entry: &mut Entry) -> Result<Reply, Refusal> {
    let (parts, body) = http.into_parts();
    let (operation, place) = match admit(service, &parts.headers, entry).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            body::drain(body).await;
            return Err(refusal);
        }
    };
    let body = body::read(body).await?;
    let request = Request::parse(&body)?;
    request.image_name().clone_into(&mut entry.image);
    service.rate.admit(operation, Instant::now())?;
    match service.faults.hit(operation, request.image_name()) {
        None => {}
        Some(Effect::Delay(delay)) => sleep(delay).await,
        Some(Effect::Refuse(refusal)) => return Err(refusal),
        Some(Effect::Answer(delay, answer)) => {
            sleep(delay).await;
            return Ok(Reply::Answer(answer));
        }
        Some(Effect::Garble(rubbish)) => return Ok(Reply::Garble(rubbish)),
        Some(Effect::Close) => return Ok(Reply::Drop),
        Some(Effect::Hang) => {
            drop((place, body));
            return future::pending().await;
        }
    }
    service.answer(operation, &request, place).await.map(Reply::Answer)
}

/// The operation, and the place in the queue that a large body needs before it is read, for it holds its image.
async fn admit(service: &Service, headers: &HeaderMap, entry: &mut Entry) -> Result<(Operation, Option<Place>), Refusal> {
    let operation = operation(headers)?;
    entry.operation = Some(operation);
    let large = content_length(headers).is_none_or(|length| length > SMALL_BODY_BYTES);
    let place = if large { Some(Place::take(&service.queue, operation).await?) } else { None };
    Ok((operation, place))
}

/// As on AWS, another content type makes the operation unknown.
fn operation(headers: &HeaderMap) -> Result<Operation, Refusal> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    if text(header::CONTENT_TYPE.as_str()) != CONTENT_TYPE {
        return Err(Refusal::new(Code::UnknownOperation, format!("the content type must be {CONTENT_TYPE}")));
    }
    Operation::from_target(text("x-amz-target"))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn response(reply: Reply, request_id: Uuid) -> Response<Body> {
    let (status, body) = match reply {
        Reply::Answer(body) => (StatusCode::OK, body),
        Reply::Garble(rubbish) => (StatusCode::OK, rubbish.to_owned()),
        Reply::Refuse(refusal) => (refusal.code.status(), refusal.body()),
        Reply::Drop => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(DropConnection);
            return response;
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
