//! Asking before something is done to many things at once.

use crate::{error::CliError, output::streams, stop};
use std::io::{self, BufRead, IsTerminal};

/// Asks `question` on the terminal. Without a terminal the command must say `--yes`, which `foreseen` tells.
pub fn agreed(question: &str, foreseen: &str) -> Result<bool, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::Usage(format!("{foreseen}; pass --yes to do it, or --dry-run to see them")));
    }
    streams::ask(&format!("{question} [y/N]"));
    let _asking = stop::note_for_now("nothing was done");
    let mut answer = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut answer);
    read.map_err(|error| CliError::Failed(format!("the answer cannot be read: {error}")))?;
    let answer = String::from_utf8_lossy(&answer).trim().to_ascii_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes"))
}
