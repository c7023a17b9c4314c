//! The failure of a step: a stable name that Step Functions can match, and one sentence with all its causes.

use lambda_runtime::Diagnostic;
use sightline_domain::model::StepError;
use std::{error::Error, fmt};

/// A failed step. Any [`StepError`] turns into one with `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct StepFailure {
    name: &'static str,
    message: String,
    is_expected: bool,
}

impl StepFailure {
    /// Error name, as Step Functions sees it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The error and its causes.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it describes the image, so that the execution succeeds and nothing counts as failed.
    pub fn is_expected(&self) -> bool {
        self.is_expected
    }
}

impl<E: StepError> From<E> for StepFailure {
    fn from(error: E) -> Self {
        Self { name: error.name(), message: chain(&error), is_expected: error.is_expected() }
    }
}

impl From<StepFailure> for Diagnostic {
    fn from(failure: StepFailure) -> Self {
        Self { error_type: failure.name.to_owned(), error_message: failure.message }
    }
}

/// The Lambda runtime logs a returned error by its `Debug`.
impl fmt::Debug for StepFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// Longest message; the cause of an error in Step Functions holds 32,768 characters.
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

/// The failures of the function itself.
#[derive(Debug)]
pub enum RuntimeFailure {
    /// It panicked: a bug.
    Panicked,
    /// It reached its deadline.
    DeadlineExceeded,
}

impl fmt::Display for RuntimeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panicked => "the function panicked; its log says where",
            Self::DeadlineExceeded => "the function ran out of time",
        })
    }
}

impl Error for RuntimeFailure {}

impl StepError for RuntimeFailure {
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
