//! What a step fails with: a stable name that Step Functions can match, and one sentence with all its causes.

use lambda_runtime::Diagnostic;
use sightline_domain::error::StepError;
use std::{error::Error, fmt};

/// A failed step. Any [`StepError`] turns into one with `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    name: &'static str,
    message: String,
    ends_well: bool,
}

impl Fault {
    /// The error's name, as Step Functions sees it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The error and its causes.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the execution ends well with it: it tells of the image, and counts as no failure.
    pub fn ends_well(&self) -> bool {
        self.ends_well
    }
}

impl<E: StepError> From<E> for Fault {
    fn from(error: E) -> Self {
        Self { name: error.name(), message: chain(&error), ends_well: error.ends_well() }
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Self { error_type: fault.name.to_owned(), error_message: fault.message }
    }
}

/// The runtime logs a returned error by its `Debug`, so this is what the log shows.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// Longest message that is handed on; a cause in Step Functions holds 32,768 characters.
const MAX_MESSAGE_CHARS: usize = 4_000;

fn chain(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Wrappers often repeat what they wrap.
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    message.chars().take(MAX_MESSAGE_CHARS).collect()
}

/// The two ways in which a function itself breaks.
#[derive(Debug)]
pub enum Breakdown {
    /// It panicked: a bug of ours.
    Panicked,
    /// It ran into its own deadline.
    DeadlineExceeded,
}

impl fmt::Display for Breakdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panicked => "the function panicked; its log has the place",
            Self::DeadlineExceeded => "the function ran out of time",
        })
    }
}

impl Error for Breakdown {}

impl StepError for Breakdown {
    fn name(&self) -> &'static str {
        match self {
            Self::Panicked => "Function.Panicked",
            Self::DeadlineExceeded => "Function.DeadlineExceeded",
        }
    }

    fn is_transient(&self) -> bool {
        true
    }
}
