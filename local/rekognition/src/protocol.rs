//! The AWS JSON 1.1 protocol: `POST /` with the operation in a header. Each call is logged and counted.

use std::{
    future,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, header},
    routing::post,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::{sleep, timeout};
use tracing::info;
use uuid::Uuid;

use crate::{
    calls::Outcome,
    error::{ApiError, Code},
    faults::Effect,
    operation::Operation,
    queue::Slot,
    service::Service,
    wire::Request,
};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Requests up to this size refer to an image in S3; larger ones contain the image and take a queue slot before they are read.
const SMALL_BODY_BYTES: u64 = 16 * 1024;

/// Enough for an image of 5 MB as base64 in JSON.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The server does not read more than this, even to discard it.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Marks a response that is not sent: the connection is dropped instead.
#[derive(Debug, Clone, Copy)]
pub struct DropConnection;

/// `POST /`.
pub fn routes() -> Router<Arc<Service>> {
    Router::new().route("/", post(call))
}

/// The reply to a call.
enum Reply {
    /// HTTP 200 with this body.
    Response(String),
    /// HTTP 200 with this invalid body.
    InvalidBody(&'static str),
    Error(ApiError),
    /// The connection is dropped.
    Drop,
}

async fn call(State(service): State<Arc<Service>>, http: HttpRequest<Body>) -> Response<Body> {
    let mut log = CallLog::new(Arc::clone(&service));
    let reply = reply(&service, http, &mut log).await.unwrap_or_else(Reply::Error);
    log.finish(&reply);
    response(reply, log.request_id)
}

async fn reply(service: &Arc<Service>, http: HttpRequest<Body>, log: &mut CallLog) -> Result<Reply, ApiError> {
    let (parts, body) = http.into_parts();
    let (operation, slot) = match admit(service, &parts.headers, log).await {
        Ok(admitted) => admitted,
        Err(error) => {
            discard_body(body).await;
            return Err(error);
        }
    };
    let body = read_body(body).await?;
    let request = Request::parse(&body)?;
    request.image_key().clone_into(&mut log.image);
    service.rate.admit(operation, Instant::now())?;
    match service.faults.hit(operation, request.image_key()) {
        None => {}
        Some(Effect::Delay(delay)) => sleep(delay).await,
        Some(Effect::Error(error)) => return Err(error),
        Some(Effect::Answer(delay, body)) => {
            sleep(delay).await;
            return Ok(Reply::Response(body));
        }
        Some(Effect::InvalidBody(body)) => return Ok(Reply::InvalidBody(body)),
        Some(Effect::Close) => return Ok(Reply::Drop),
        Some(Effect::Hang) => {
            drop((slot, body));
            return future::pending().await;
        }
    }
    service.answer(operation, &request, slot).await.map(Reply::Response)
}

/// Reads the operation from the headers, and takes a queue slot for a large body, because it contains its image.
async fn admit(service: &Service, headers: &HeaderMap, log: &mut CallLog) -> Result<(Operation, Option<Slot>), ApiError> {
    let operation = operation(headers)?;
    log.operation = Some(operation);
    let is_large = content_length(headers).is_none_or(|length| length > SMALL_BODY_BYTES);
    let slot = if is_large { Some(Slot::take(&service.queue, operation).await?) } else { None };
    Ok((operation, slot))
}

/// As on AWS, the operation is unknown if the content type is wrong.
fn operation(headers: &HeaderMap) -> Result<Operation, ApiError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    if text(header::CONTENT_TYPE.as_str()) != CONTENT_TYPE {
        return Err(ApiError::new(Code::UnknownOperation, format!("the content type must be {CONTENT_TYPE}")));
    }
    Operation::from_target(text("x-amz-target"))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn response(reply: Reply, request_id: Uuid) -> Response<Body> {
    let (status, body) = match reply {
        Reply::Response(body) => (StatusCode::OK, body),
        Reply::InvalidBody(body) => (StatusCode::OK, body.to_owned()),
        Reply::Error(error) => (error.code.status(), error.body()),
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

/// Reads a body. One that is too large is read to its end and discarded, because a client that is still sending would miss the response.
///
/// # Errors
/// `ImageTooLargeException`, or `SerializationException` if the body does not arrive completely or in time.
async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    timeout(BODY_TIMEOUT, read_up_to(body, MAX_BODY_BYTES))
        .await
        .map_err(|_| ApiError::new(Code::Serialization, "the body did not arrive in time"))??
        .ok_or_else(|| ApiError::new(Code::ImageTooLarge, "Image size is too large: Bytes may be up to 5 MB, an S3Object up to 15 MB"))
}

/// Reads a body to its end and discards it, for the same reason.
async fn discard_body(body: Body) {
    let _ = timeout(BODY_TIMEOUT, read_up_to(body, 0)).await;
}

/// `None` for a body that is larger than `max` bytes.
async fn read_up_to(mut body: Body, max: usize) -> Result<Option<Bytes>, ApiError> {
    let (mut kept, mut size) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Code::Serialization, "the body is incomplete"))?;
        let data = frame.into_data().unwrap_or_default();
        size += data.len();
        if size > MAX_DISCARDED_BYTES {
            break;
        }
        if size > max {
            kept = BytesMut::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    Ok((size <= max).then(|| kept.freeze()))
}

/// Logs and counts one call. A call that is dropped before it is finished has failed: its client disconnected, or it hung until the server
/// stopped.
struct CallLog {
    service: Arc<Service>,
    request_id: Uuid,
    start: Instant,
    /// Known after the headers are read.
    operation: Option<Operation>,
    /// The key in S3, known after the body is read.
    image: String,
    is_written: bool,
}

impl CallLog {
    fn new(service: Arc<Service>) -> Self {
        Self { service, request_id: Uuid::new_v4(), start: Instant::now(), operation: None, image: String::new(), is_written: false }
    }

    fn finish(&mut self, reply: &Reply) {
        match reply {
            Reply::Response(_) => self.write(Outcome::Answered, "answered"),
            Reply::Error(error) => self.write(error.code.into(), error.code.name()),
            Reply::InvalidBody(_) => self.write(Outcome::Failed, "garbled"),
            Reply::Drop => self.write(Outcome::Failed, "dropped"),
        }
    }

    /// The log line does not contain the image's key, because it may contain a name.
    fn write(&mut self, outcome: Outcome, word: &str) {
        self.is_written = true;
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let operation = self.operation.map_or("unknown", Into::into);
        info!(operation, outcome = word, ms, request_id = %self.request_id, "call");
        if let Some(operation) = self.operation {
            self.service.calls.count(operation, &self.image, outcome);
        }
    }
}

impl Drop for CallLog {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(Outcome::Failed, "abandoned");
        }
    }
}
