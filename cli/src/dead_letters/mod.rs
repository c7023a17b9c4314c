//! `sightline dlq`: events that could not be delivered.

mod list;
mod replay;
mod row;

pub use list::run as list;
pub use replay::run as replay;

use crate::error::CliError;
use sightline_aws::dead_letters::{DeadLetters, Letter};
use std::time::Duration;

/// While they are looked at, nobody else can receive them.
const LOOKING: Duration = Duration::from_mins(1);

/// Looks at no more than `limit` events, and leaves them in the queue.
async fn peek(queue: &DeadLetters, limit: usize) -> Result<Vec<Letter>, CliError> {
    let mut letters = Vec::new();
    let looked_at = look(queue, limit, &mut letters).await;
    for letter in &letters {
        // One that is not let go comes back by itself.
        let _ = queue.let_go(letter).await;
    }
    looked_at?;
    letters.truncate(limit);
    Ok(letters)
}

async fn look(queue: &DeadLetters, limit: usize, letters: &mut Vec<Letter>) -> Result<(), CliError> {
    while letters.len() < limit {
        let fresh = queue.receive(LOOKING).await?;
        if fresh.is_empty() {
            break;
        }
        letters.extend(fresh);
    }
    Ok(())
}
