//! Asking before something is done to many things at once.

use crate::error::CliError;
use std::io::{IsTerminal, Write};

/// Asks `question` on the terminal. Without a terminal the command must say `--yes`, which `foreseen` tells.
pub fn agreed(question: &str, foreseen: &str) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(format!("{foreseen}; pass --yes to do it, or --dry-run to see them")));
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
