//! The AWS JSON 1.1 protocol: `POST /` with the operation in a header.

use std::{future, sync::Arc, time::Duration, time::Instant};

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
    faults::Effect,
    operation::Operation,
    refusal::{Code, Refusal},
    request::Request,
    service::Service,
};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// More than 5 MB as base64 in JSON can take.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// Nobody has to listen to more than this.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;
/// Bodies up to this size name an image in S3 and need no room of their own.
const SMALL_BODY_BYTES: u64 = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A response with this extension is never sent: the connection is dropped instead.
#[derive(Debug, Clone, Copy)]
pub struct DropConnection;

/// `POST /`.
pub fn routes() -> Router<Arc<Service>> {
    Router::new().route("/", post(call))
}

/// What becomes of a call.
enum Reply {
    Answer(String),
    Refuse(Refusal),
    Drop,
}

async fn call(State(service): State<Arc<Service>>, http: HttpRequest<Body>) -> Response<Body> {
    let mut entry = Entry::new(Arc::clone(&service));
    let reply = reply(&service, http, &mut entry).await.unwrap_or_else(Reply::Refuse);
    entry.close(&reply);
    response(reply, entry.request_id)
}

async fn reply(service: &Arc<Service>, http: HttpRequest<Body>, entry: &mut Entry) -> Result<Reply, Refusal> {
    let operation = operation(http.headers())?;
    entry.operation = Some(operation);
    let large = content_length(http.headers()).is_none_or(|length| length > SMALL_BODY_BYTES);
    let room = if large { service.queue.room_for_image().await } else { None };
    let body = read(http.into_body()).await?;
    let request = Request::parse(&body)?;
    request.image_name().clone_into(&mut entry.image);
    match service.faults.hit(operation, request.image_name()) {
        None => {}
        Some(Effect::Delay(delay)) => sleep(delay).await,
        Some(Effect::Refuse(refusal)) => return Err(refusal),
        Some(Effect::Answer(answer)) => return Ok(Reply::Answer(answer)),
        Some(Effect::Close) => return Ok(Reply::Drop),
        Some(Effect::Hang) => {
            drop((room, body));
            return future::pending().await;
        }
    }
    service.answer(operation, &request).await.map(Reply::Answer)
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

async fn read(body: Body) -> Result<Bytes, Refusal> {
    let stalled = |_| Refusal::new(Code::Serialization, "the body did not arrive in time");
    timeout(BODY_TIMEOUT, collect(body)).await.map_err(stalled)?
}

/// A body that is too large is read to its end all the same, without keeping it: a client that is still sending would miss the answer.
async fn collect(mut body: Body) -> Result<Bytes, Refusal> {
    let (mut kept, mut size) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(Code::Serialization, "the body broke off"))?;
        let data = frame.into_data().unwrap_or_default();
        size += data.len();
        if size > MAX_DRAINED_BYTES {
            break;
        }
        if size > MAX_BODY_BYTES {
            kept = BytesMut::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if size > MAX_BODY_BYTES {
        return Err(Refusal::new(Code::ImageTooLarge, "Image size is too large: Bytes may be up to 5 MB, an S3Object up to 15 MB"));
    }
    Ok(kept.freeze())
}

fn response(reply: Reply, request_id: Uuid) -> Response<Body> {
    let (status, body) = match reply {
        Reply::Answer(body) => (StatusCode::OK, body),
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

/// The call's line in the log and its place in the counts. A call that is dropped before it is closed has failed:
/// its client went away, or it hung until the end.
struct Entry {
    service: Arc<Service>,
    request_id: Uuid,
    start: Instant,
    operation: Option<Operation>,
    image: String,
    written: bool,
}

impl Entry {
    fn new(service: Arc<Service>) -> Self {
        Self { service, request_id: Uuid::new_v4(), start: Instant::now(), operation: None, image: String::new(), written: false }
    }

    fn close(&mut self, reply: &Reply) {
        match reply {
            Reply::Answer(_) => self.write(Outcome::Answered, "answered"),
            Reply::Refuse(refusal) => self.write(refusal.code.into(), refusal.code.name()),
            Reply::Drop => self.write(Outcome::Failed, "dropped"),
        }
    }

    /// Never the image's key: it may hold a name.
    fn write(&mut self, outcome: Outcome, word: &str) {
        self.written = true;
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let operation = self.operation.map_or("unknown", Operation::name);
        info!(operation, outcome = word, ms, request_id = %self.request_id, "call");
        if let Some(operation) = self.operation {
            self.service.calls.count(operation, &self.image, outcome);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.written {
            self.write(Outcome::Failed, "abandoned");
        }
    }
}
