//! Ends the command early: at SIGINT, SIGTERM and SIGHUP, and when the time of `--timeout` is over.
//!
//! One thread waits for both and ends the process, whatever the rest of it does: a network call, a prompt, a read from stdin, a sleep.
//! A command that has more to say at its end than the sentence of [`note`] takes [`own_ending`] and waits for [`requested`].

use crate::{
    exit::Exit,
    output::{streams, text::span},
};
use std::{
    future::pending,
    sync::{
        LazyLock, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// How long a command with an ending of its own may take for it.
const OWN_ENDING: Duration = Duration::from_secs(2);
/// How long the last sentence may take: the reader of stderr may have stopped reading.
const LAST_SENTENCE: Duration = Duration::from_millis(500);

/// Why the command ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// By a signal.
    Interrupted,
    /// The time of `--timeout` is over.
    TimedOut,
}

impl Stop {
    /// The exit code.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::TimedOut => Exit::TimedOut,
        }
    }

    /// What happened: the beginning of a sentence.
    pub fn sentence(self) -> String {
        match (self, STATE.limit.get()) {
            (Self::TimedOut, Some(limit)) => format!("--timeout of {} is over", span(limit.timeout)),
            (Self::TimedOut, None) => "--timeout is over".to_owned(),
            (Self::Interrupted, _) => "interrupted".to_owned(),
        }
    }
}

#[derive(Debug)]
struct Limit {
    timeout: Duration,
    deadline: Instant,
}

struct State {
    stop: watch::Sender<Option<Stop>>,
    note: Mutex<String>,
    own_endings: AtomicUsize,
    limit: OnceLock<Limit>,
}

/// Of the process, as its signals are.
static STATE: LazyLock<State> = LazyLock::new(|| State {
    stop: watch::Sender::new(None),
    note: Mutex::default(),
    own_endings: AtomicUsize::new(0),
    limit: OnceLock::new(),
});

/// Starts to wait for signals, and for `timeout` from now on. Without a thread signals end the process as they always do.
pub fn listen(timeout: Option<Duration>) {
    let deadline = timeout.and_then(|timeout| Some(Limit { timeout, deadline: Instant::now().checked_add(timeout)? }));
    let at = deadline.as_ref().map(|limit| limit.deadline);
    if let Some(limit) = deadline {
        let _ = STATE.limit.set(limit);
    }
    let (ready, listening) = mpsc::channel();
    let _ = thread::Builder::new().name("stop".to_owned()).spawn(move || {
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
            end(runtime.block_on(first(at, ready)));
        }
    });
    // A signal that comes before would end the process without a sentence. The channel closes if the thread cannot listen.
    let _ = listening.recv();
}

/// Sets what the last sentence adds: what was done, what goes on, and how to continue.
pub fn note(text: impl Into<String>) {
    *lock_note() = text.into();
}

/// The same, until the guard is dropped.
pub fn note_for_now(text: impl Into<String>) -> NoteForNow {
    NoteForNow(std::mem::replace(&mut *lock_note(), text.into()))
}

/// Brings the former note back.
#[derive(Debug)]
#[must_use]
pub struct NoteForNow(String);

impl Drop for NoteForNow {
    fn drop(&mut self) {
        *lock_note() = std::mem::take(&mut self.0);
    }
}

/// While it is held, the command ends by itself soon after [`requested`] is ready.
#[derive(Debug)]
#[must_use]
pub struct OwnEnding(());

/// Takes the ending over.
pub fn own_ending() -> OwnEnding {
    STATE.own_endings.fetch_add(1, Ordering::SeqCst);
    OwnEnding(())
}

impl Drop for OwnEnding {
    fn drop(&mut self) {
        STATE.own_endings.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ready once the command is to end.
pub async fn requested() -> Stop {
    let mut stop = STATE.stop.subscribe();
    let requested = stop.wait_for(Option::is_some).await.ok().and_then(|stop| *stop);
    match requested {
        Some(stop) => stop,
        None => pending().await,
    }
}

/// Whether, and why, the command is to end.
pub fn is_requested() -> Option<Stop> {
    *STATE.stop.borrow()
}

/// When the time of `--timeout` is over, where there is one.
pub fn deadline() -> Option<Instant> {
    STATE.limit.get().map(|limit| limit.deadline)
}

fn lock_note() -> MutexGuard<'static, String> {
    STATE.note.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn first(deadline: Option<Instant>, ready: mpsc::Sender<()>) -> Stop {
    let ignored = ignored_signals();
    let listened = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let mut signals = listened.map(|kind| if is_in(ignored, kind) { None } else { signal(kind).ok() });
    let _ = ready.send(());
    let [interrupt, terminate, hangup] = &mut signals;
    tokio::select! {
        () = received(interrupt) => Stop::Interrupted,
        () = received(terminate) => Stop::Interrupted,
        () = received(hangup) => Stop::Interrupted,
        () = until(deadline) => Stop::TimedOut,
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// The signals that whoever started us wants to be ignored, as `nohup` does with SIGHUP, as a mask of bits. Linux only; elsewhere none.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

fn is_in(mask: u64, kind: SignalKind) -> bool {
    let bit = u32::try_from(kind.as_raw_value() - 1).ok().and_then(|bit| 1_u64.checked_shl(bit));
    bit.is_some_and(|bit| mask & bit != 0)
}

fn end(stop: Stop) -> ! {
    STATE.stop.send_replace(Some(stop));
    if STATE.own_endings.load(Ordering::SeqCst) > 0 {
        thread::sleep(OWN_ENDING);
    }
    let (said, wait) = mpsc::channel();
    thread::spawn(move || {
        let sentence = [stop.sentence(), lock_note().clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        streams::clear_bar();
        streams::say(&sentence.join("; "));
        said.send(())
    });
    let _ = wait.recv_timeout(LAST_SENTENCE);
    std::process::exit(i32::from(stop.exit().code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_a_bit_of_the_mask_of_ignored_signals() {
        // SIGHUP is 1 and SIGINT is 2 on every Unix.
        assert!(is_in(0b01, SignalKind::hangup()) && !is_in(0b01, SignalKind::interrupt()));
        assert!(is_in(0b10, SignalKind::interrupt()) && !is_in(0, SignalKind::terminate()));
    }

    #[test]
    fn a_note_for_now_gives_way_to_the_former_one() {
        note("the import goes on");
        {
            let _asking = note_for_now("nothing was done");
            assert_eq!(*lock_note(), "nothing was done");
        }
        assert_eq!(*lock_note(), "the import goes on");
    }
}
