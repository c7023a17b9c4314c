//! `sightline dlq`: events that could not be delivered.

mod list;
mod replay;
mod row;

pub use list::run as list;
pub use replay::run as replay;

use crate::error::CliError;
use futures_util::{StreamExt, stream};
use sightline_aws::sqs::{DeadLetters, DlqMessage};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

/// While they are looked at, nobody else can receive them.
const LOOKING: Duration = Duration::from_mins(2);
/// A look ends before the first events come back.
const LOOKS_FOR: Duration = Duration::from_mins(1);
/// Events let go at once.
const LET_GO_AT_ONCE: usize = 16;
/// The number of waiting events is approximate: so many more may be received.
const MORE_THAN_COUNTED: usize = 10;

/// What a look found.
struct Look {
    letters: Vec<DlqMessage>,
    /// About how many waited at its start.
    waiting: usize,
}

/// Looks at no more than `limit` events, and leaves them in the queue. It ends however long the queue is, and however fast it grows:
/// at the number that waited at its start, after a minute, or when events come round again.
async fn peek(queue: &DeadLetters, limit: usize) -> Result<Look, CliError> {
    let waiting = queue.count().await?;
    let (started, most) = (Instant::now(), limit.min(waiting.saturating_add(MORE_THAN_COUNTED)));
    let (mut letters, mut seen) = (Vec::new(), HashSet::new());
    let looked_at = loop {
        if letters.len() >= most || started.elapsed() >= LOOKS_FOR {
            break Ok(());
        }
        match receive(queue, LOOKING, &mut seen).await {
            Ok(fresh) if fresh.is_empty() => break Ok(()),
            Ok(fresh) => letters.extend(fresh),
            Err(error) => break Err(error),
        }
    };
    let_go(queue, &letters, LOOKING.saturating_sub(started.elapsed())).await;
    looked_at?;
    letters.truncate(limit);
    Ok(Look { letters, waiting })
}

/// Receives events that are not in `seen` yet, and adds them; empty where there are none. One that was hidden for too short a time, or
/// that SQS delivers twice, is not an event of its own.
async fn receive(queue: &DeadLetters, hidden: Duration, seen: &mut HashSet<String>) -> Result<Vec<DlqMessage>, CliError> {
    let fresh = queue.receive(hidden).await?;
    Ok(fresh.into_iter().filter(|letter| seen.insert(letter.id.clone())).collect())
}

/// Lets events go. Those that are not let go within that time come back by themselves.
async fn let_go(queue: &DeadLetters, letters: &[DlqMessage], within: Duration) {
    let letting = stream::iter(letters).for_each_concurrent(LET_GO_AT_ONCE, |letter| async move {
        let _ = queue.release(letter).await;
    });
    let _ = tokio::time::timeout(within, letting).await;
}
