//! Taking turns: a future that stops here once, so that a test can run others in between, or drop it as a crash would.

use std::{future::poll_fn, task::Poll};

/// Lets others go first, once.
pub async fn turn() {
    let mut passed = false;
    poll_fn(|_| if std::mem::replace(&mut passed, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
