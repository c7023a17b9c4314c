//! Runs futures that never wait.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The output of a future over fakes.
///
/// # Panics
///
/// Where the future waits for anything.
#[allow(clippy::panic, reason = "used by tests only: a future that waits is a mistake in the test")]
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits; fakes never do"),
    }
}
