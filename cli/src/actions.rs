//! What commands that change many things share: the names of their actions, the confirmation, and the rate at which they start executions.

use crate::{
    error::CliError,
    output::{name_of, streams},
    stop,
};
use serde::Serialize;
use std::{
    fmt,
    io::{self, BufRead, IsTerminal},
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval},
};

/// What a command did with one execution, image or event, or would do without `--dry-run`. Printed as `NOT_REDRIVEN`, in tables and in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionKind {
    Redriven,
    WouldRedrive,
    NotRedriven,
    /// A new execution has replaced the failed one.
    Restarted,
    WouldRestart,
    /// It was redriven or restarted, and the command ended before the image did.
    Waiting,
    Skipped,
    /// A new execution runs for the upload of an undelivered event.
    Started,
    WouldStart,
    /// The record of the failed execution of an undelivered event is FAILED now.
    MarkedFailed,
    WouldMarkFailed,
    /// The undelivered event has nothing left to change.
    NotNeeded,
    /// The event stays in the queue: it is neither an upload nor a status.
    Left,
    NotReplayed,
    Erased,
    WouldErase,
    /// It was erased before; anything written since is removed.
    AlreadyErased,
    /// It was not erased, or not completely.
    NotErased,
    /// There is no record and no object of the image.
    Unknown,
}

impl ActionKind {
    /// Whether the command did not do what it was asked to do.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Skipped | Self::NotRedriven | Self::Left | Self::NotReplayed | Self::NotErased | Self::Unknown)
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_of(self))
    }
}

/// Asks `question` on the terminal.
///
/// # Errors
///
/// `CliError::Failed` with `declined` if the answer is not yes; `CliError::Usage` with `consequence` if stdin is not a terminal.
pub fn confirm(question: &str, consequence: &str, declined: &str) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::Usage(format!("{consequence}; pass --yes to do it, or --dry-run to list what would be done")));
    }
    streams::ask(&format!("{question} [y/N]"));
    let _advice = stop::advise_while("nothing was done");
    let mut answer = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut answer);
    read.map_err(|error| CliError::Failed(format!("the answer cannot be read: {error}")))?;
    match String::from_utf8_lossy(&answer).trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Failed(declined.to_owned())),
    }
}

/// Limits how many executions start per second, so that their calls stay within Rekognition's quota.
#[derive(Debug)]
pub struct StartRate(Mutex<Interval>);

impl StartRate {
    /// At most `starts` per second, and at least one.
    pub fn per_second(starts: u32) -> Self {
        let mut ticks = interval(Duration::from_secs(1) / starts.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(ticks))
    }

    /// Waits until the next execution may start; the first may start at once.
    pub async fn wait(&self) {
        self.0.lock().await.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use std::time::Instant;

    #[test]
    fn action_has_the_same_name_in_tables_and_json() {
        assert_eq!((ActionKind::WouldMarkFailed.to_string(), ActionKind::Left.to_string()), ("WOULD_MARK_FAILED".into(), "LEFT".into()));
        assert_eq!(serde_json::json!(ActionKind::NotRedriven), "NOT_REDRIVEN");
    }

    /// Tests have no terminal to ask on.
    #[test]
    fn without_a_terminal_a_command_needs_yes() {
        let error = confirm("Erase 1 image permanently?", "1 image would be erased permanently", "nothing was erased").unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(error.to_string(), "1 image would be erased permanently; pass --yes to do it, or --dry-run to list what would be done");
    }

    #[tokio::test]
    async fn starts_are_spread_over_the_second() {
        let (rate, started) = (StartRate::per_second(20), Instant::now());
        for _ in 0..5 {
            rate.wait().await;
        }
        // The first at once, and four more 50 ms apart.
        assert!(started.elapsed() >= Duration::from_millis(195), "{:?}", started.elapsed());
    }
}
