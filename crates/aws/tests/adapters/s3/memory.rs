//! The memory that a large body takes: a function with 128 MB must not hold it twice.

use crate::replay::{Replay, ok};
use aws_sdk_s3::config::{HttpClient, SharedHttpClient};
use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sightline_aws::S3;
use sightline_domain::{model::ObjectRef, ports::Objects};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

const PIECE: usize = 64 << 10;
const PIECES: usize = 768;
/// 48 MB, about the largest `maxBytes`.
const BODY: usize = PIECE * PIECES;

/// A response body in pieces, which this test never holds together.
#[derive(Debug)]
struct Pieces(usize);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
        self.0 = left;
        // Each piece has its own memory, as from a network.
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![7; PIECE])))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.0 * PIECE) as u64)
    }
}

#[derive(Debug, Clone)]
struct BigAnswers;

impl HttpConnector for BigAnswers {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut response = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from_body_1_x(Pieces(PIECES)));
        response.headers_mut().insert("content-length", BODY.to_string());
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for BigAnswers {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The peak memory of this process, bytes.
fn most_so_far() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// One test, since the peak memory never falls: the cheaper call comes first.
#[tokio::test]
async fn a_large_object_is_hashed_in_pieces_and_held_only_once_when_read() {
    let config = Replay::new([ok("")]).config().await.into_builder().http_client(SharedHttpClient::new(BigAnswers)).build();
    let objects = S3::new(aws_sdk_s3::Client::new(&config));
    let image = ObjectRef::current("images", "raw-uploads/big.jpg");
    // The first call sets up the client and is not measured.
    objects.sha256(image.clone()).await.unwrap().unwrap();

    let before = most_so_far();
    objects.sha256(image.clone()).await.unwrap().unwrap();
    let hashing = most_so_far() - before;
    let bytes = objects.read(image).await.unwrap().unwrap();
    let reading = most_so_far() - before;

    assert_eq!(bytes.len(), BODY);
    assert!(hashing < BODY / 4, "hashing took {hashing} bytes");
    assert!(reading < BODY + BODY / 4, "reading took {reading} bytes");
}
