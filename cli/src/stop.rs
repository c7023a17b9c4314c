//! Ends the command early: at SIGINT, SIGTERM and SIGHUP, and when `--timeout` has passed.
//!
//! One thread waits for these and ends the process, whatever its other threads do: a network call, a prompt, a read from stdin, a sleep.
//! It prints one sentence with the advice of [`advise`]. A command that prints more at its end calls [`handle_in_command`] and waits for
//! [`requested`].

use crate::{
    error::Exit,
    output::{span, streams},
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

/// How long a command that handles the stop itself may take for it.
const COMMAND_GRACE: Duration = Duration::from_secs(2);
/// How long writing the last sentence may take: the reader of stderr may have stopped reading.
const LAST_SENTENCE: Duration = Duration::from_millis(500);

/// Why the command ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A signal.
    Interrupted,
    /// `--timeout` has passed.
    TimedOut,
}

impl Stop {
    pub const fn exit(self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::TimedOut => Exit::TimedOut,
        }
    }

    /// The beginning of a sentence, such as `--timeout of 10 min has passed`.
    pub fn sentence(self) -> String {
        match (self, STATE.limit.get()) {
            (Self::TimedOut, Some(limit)) => format!("--timeout of {} has passed", span(limit.timeout)),
            (Self::TimedOut, None) => "--timeout has passed".to_owned(),
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
    advice: Mutex<String>,
    handlers: AtomicUsize,
    limit: OnceLock<Limit>,
}

/// Signals belong to the process, and so does this state.
static STATE: LazyLock<State> = LazyLock::new(|| State {
    stop: watch::Sender::new(None),
    advice: Mutex::default(),
    handlers: AtomicUsize::new(0),
    limit: OnceLock::new(),
});

/// Starts to wait for signals, and for `timeout` from now. If the thread cannot start, signals end the process without a sentence.
pub fn listen(timeout: Option<Duration>) {
    let limit = timeout.and_then(|timeout| Some(Limit { timeout, deadline: Instant::now().checked_add(timeout)? }));
    let deadline = limit.as_ref().map(|limit| limit.deadline);
    if let Some(limit) = limit {
        let _ = STATE.limit.set(limit);
    }
    let (ready, listening) = mpsc::channel();
    let _ = thread::Builder::new().name("stop".to_owned()).spawn(move || {
        if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
            end(runtime.block_on(first_stop(deadline, ready)));
        }
    });
    // A signal before this would end the process without a sentence. The channel closes if the thread cannot listen.
    let _ = listening.recv();
}

/// Sets what the last sentence says after the reason: what was done, what continues, and how to resume.
pub fn advise(text: impl Into<String>) {
    *lock_advice() = text.into();
}

/// Like [`advise`], until the guard is dropped.
pub fn advise_while(text: impl Into<String>) -> AdviceGuard {
    AdviceGuard(std::mem::replace(&mut *lock_advice(), text.into()))
}

/// Restores the former advice when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct AdviceGuard(String);

impl Drop for AdviceGuard {
    fn drop(&mut self) {
        *lock_advice() = std::mem::take(&mut self.0);
    }
}

/// While it is held, the command itself ends soon after [`requested`] is ready.
#[derive(Debug)]
#[must_use]
pub struct StopHandler(());

/// Lets the command handle the stop, until the result is dropped.
pub fn handle_in_command() -> StopHandler {
    STATE.handlers.fetch_add(1, Ordering::SeqCst);
    StopHandler(())
}

impl Drop for StopHandler {
    fn drop(&mut self) {
        STATE.handlers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until the command has to end.
pub async fn requested() -> Stop {
    let mut stop = STATE.stop.subscribe();
    let requested = stop.wait_for(Option::is_some).await.ok().and_then(|stop| *stop);
    match requested {
        Some(stop) => stop,
        None => pending().await,
    }
}

/// Why the command has to end, if it has to.
pub fn is_requested() -> Option<Stop> {
    *STATE.stop.borrow()
}

/// When `--timeout` ends, if it was given.
pub fn deadline() -> Option<Instant> {
    STATE.limit.get().map(|limit| limit.deadline)
}

fn lock_advice() -> MutexGuard<'static, String> {
    STATE.advice.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn first_stop(deadline: Option<Instant>, ready: mpsc::Sender<()>) -> Stop {
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

/// Bit mask of the signals that the parent process set to be ignored, as `nohup` does with SIGHUP. Linux only; 0 elsewhere.
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
    // Read first: a command that learns of the stop may drop its handler at once, and still has to set its own exit code.
    let is_handled = STATE.handlers.load(Ordering::SeqCst) > 0;
    STATE.stop.send_replace(Some(stop));
    if is_handled {
        thread::sleep(COMMAND_GRACE);
    }
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let sentence = [stop.sentence(), lock_advice().clone()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        streams::clear_bar();
        streams::say(&sentence.join("; "));
        done.send(())
    });
    let _ = wait.recv_timeout(LAST_SENTENCE);
    std::process::exit(i32::from(stop.exit().code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signal_is_looked_up_in_the_mask_of_ignored_signals() {
        // SIGHUP is 1 and SIGINT is 2 on every Unix.
        assert!(is_in(0b01, SignalKind::hangup()) && !is_in(0b01, SignalKind::interrupt()));
        assert!(is_in(0b10, SignalKind::interrupt()) && !is_in(0, SignalKind::terminate()));
    }

    #[test]
    fn temporary_advice_is_replaced_by_the_former_one() {
        advise("the import continues");
        {
            let _asking = advise_while("nothing was done");
            assert_eq!(*lock_advice(), "nothing was done");
        }
        assert_eq!(*lock_advice(), "the import continues");
    }
}
