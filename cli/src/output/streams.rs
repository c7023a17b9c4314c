//! Everything that is written to stdout and stderr goes through here.
//!
//! A reader that leaves, such as `head`, neither fails nor ends a command. Another error of stdout (a full disk) is remembered, so that
//! the work goes on to its end and the exit code says so afterwards.

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

/// The progress bar on the terminal, which gives way to everything else.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);
/// Whether the reader has closed stdout.
static READER_LEFT: AtomicBool = AtomicBool::new(false);
/// Why stdout could not be written.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Says a sentence to people: one line on stderr, cleaned.
macro_rules! say {
    ($($part:tt)*) => { $crate::output::streams::say(&format!($($part)*)) };
}

/// The function behind [`say!`].
pub fn say(sentence: &str) {
    // Nobody can be told that nobody listens.
    beside_bar(|| {
        let _ = io::stderr().write_all(format!("sightline: {}\n", clean(sentence)).as_bytes());
    });
}

/// Puts a question to the terminal; the answer is typed on the same line.
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
            Err(error) if error.kind() == ErrorKind::BrokenPipe => READER_LEFT.store(true, Ordering::SeqCst),
            Err(error) => drop(FAILURE.set(error)),
        }
    });
}

/// Why stdout could not be written, where it could not.
pub fn failure() -> Option<&'static io::Error> {
    FAILURE.get()
}

/// Ready once nothing that is written to stdout reaches anybody, also while nothing is written.
pub async fn reader_leaves() {
    // A file has no reader that could leave: it cannot be registered.
    #[expect(deprecated, reason = "its successor is unsafe; what that asks for holds, since stdout is open as long as the process")]
    let stdout = AsyncFd::with_interest(io::stdout(), Interest::ERROR | Interest::WRITABLE);
    while !READER_LEFT.load(Ordering::SeqCst) && failure().is_none() {
        let Ok(stdout) = &stdout else { return std::future::pending().await };
        if left(stdout).await {
            return;
        }
    }
}

async fn left(stdout: &AsyncFd<Stdout>) -> bool {
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

/// Keeps `bar` on the terminal, below everything else that is written, until [`clear_bar`].
pub fn show_bar(bar: ProgressBar) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
}

/// Takes the bar from the terminal.
pub fn clear_bar() {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

/// Runs `write` without tearing the bar.
fn beside_bar(write: impl FnOnce()) {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
