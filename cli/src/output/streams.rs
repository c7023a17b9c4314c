//! The only place that writes to stdout and stderr.
//!
//! A command continues, and does not fail, if the reader closes stdout, as `head` does. Any other write error (a full disk) is kept, so
//! that the command finishes its work first and then exits with 1.

use super::text::clean;
use indicatif::ProgressBar;
use std::{
    io::{self, ErrorKind, Stdout, Write},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::io::{Interest, unix::AsyncFd};

/// The progress bar on the terminal; other output is written above it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);
/// Whether the reader has closed stdout.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);
/// Why stdout could not be written.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Prints a sentence to stderr as one line without control characters.
macro_rules! say {
    ($($part:tt)*) => { $crate::output::streams::say(&format!($($part)*)) };
}

/// The function behind [`say!`].
pub fn say(sentence: &str) {
    // If stderr is closed, there is nowhere to report the error.
    beside_bar(|| {
        let _ = io::stderr().write_all(format!("sightline: {}\n", clean(sentence)).as_bytes());
    });
}

/// Prints a question to stderr; the answer is typed on the same line.
pub fn ask(question: &str) {
    beside_bar(|| {
        let _ = io::stderr().write_all(format!("{} ", clean(question)).as_bytes());
    });
}

/// Writes data to stdout.
pub fn write(text: &str) {
    beside_bar(|| {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => IS_CLOSED.store(true, Ordering::SeqCst),
            Err(error) => drop(FAILURE.set(error)),
        }
    });
}

/// The error of a failed write to stdout, other than that its reader closed it.
pub fn failure() -> Option<&'static io::Error> {
    FAILURE.get()
}

/// Waits until the reader closes stdout, even if nothing is written, or until a write fails.
pub async fn closed() {
    // A file has no reader that could close it, and cannot be registered.
    #[expect(deprecated, reason = "its successor is unsafe; its condition holds, since stdout stays open as long as the process")]
    let stdout = AsyncFd::with_interest(io::stdout(), Interest::ERROR | Interest::WRITABLE);
    while !IS_CLOSED.load(Ordering::SeqCst) && failure().is_none() {
        let Ok(stdout) = &stdout else { return std::future::pending().await };
        if is_closed(stdout).await {
            return;
        }
    }
}

async fn is_closed(stdout: &AsyncFd<Stdout>) -> bool {
    match stdout.ready(Interest::ERROR | Interest::WRITABLE).await {
        Ok(mut guard) if guard.ready().is_error() || guard.ready().is_write_closed() => {
            guard.retain_ready();
            true
        }
        Ok(mut guard) => {
            guard.clear_ready();
            false
        }
        Err(_) => std::future::pending().await,
    }
}

/// Keeps `bar` on the terminal, below all other output, until [`clear_bar`].
pub fn show_bar(bar: ProgressBar) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
}

/// Removes the bar from the terminal.
pub fn clear_bar() {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

/// Runs `write` while the bar is hidden.
fn beside_bar(write: impl FnOnce()) {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
