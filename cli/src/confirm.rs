//! Asking before something is done that costs money, or cannot be undone.

use crate::error::CliError;
use std::io::{IsTerminal, Write};

/// Asks `question`. Where nobody can answer, `refusal` says what to pass instead.
pub fn agreed(question: &str, refusal: &str) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(refusal.to_owned()));
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
