//! Reading a request's body within bounds.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::refusal::{Code, Refusal};

/// More than 5 MB as base64 in JSON can take.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// Nobody has to listen to more than this.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The whole body, or why it is not taken. A body that is too large is read to its end all the same, without keeping it:
/// a client that is still sending would miss the answer.
pub async fn read(body: Body) -> Result<Bytes, Refusal> {
    collect(body, MAX_BODY_BYTES)
        .await?
        .ok_or_else(|| Refusal::new(Code::ImageTooLarge, "Image size is too large: Bytes may be up to 5 MB, an S3Object up to 15 MB"))
}

/// Reads a body to its end for the same reason; nothing of it is kept.
pub async fn drain(body: Body) {
    let _ = collect(body, 0).await;
}

/// `None` for a body that is larger than `max` bytes.
async fn collect(body: Body, max: usize) -> Result<Option<Bytes>, Refusal> {
    let stalled = |_| Refusal::new(Code::Serialization, "the body did not arrive in time");
    timeout(BODY_TIMEOUT, gather(body, max)).await.map_err(stalled)?
}

async fn gather(mut body: Body, max: usize) -> Result<Option<Bytes>, Refusal> {
    let (mut kept, mut size) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(Code::Serialization, "the body broke off"))?;
        let data = frame.into_data().unwrap_or_default();
        size += data.len();
        if size > MAX_DRAINED_BYTES {
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
