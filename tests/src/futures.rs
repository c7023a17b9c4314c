//! Runs futures over fakes.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The output of a future over fakes, which never wait.
///
/// # Panics
///
/// If the future waits for anything.
#[allow(clippy::panic, reason = "used by tests only: a future that waits is a mistake in the test")]
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits; fakes never do"),
    }
}

/// Pauses once, so that a test can run other futures meanwhile, or drop this one as a crash would.
pub async fn yield_once() {
    let mut paused = false;
    poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
