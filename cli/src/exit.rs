//! How a command can end.

/// Exit codes, the same for every verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done,
    /// Failed.
    Failed,
    /// Called wrongly; nothing was done.
    Usage,
    /// Some of it failed.
    Partly,
    /// There is no such image or execution.
    NotFound,
    /// No credentials, or not allowed.
    NotAllowed,
    /// The command took longer than `--timeout`.
    TimedOut,
    /// By Ctrl-C, or another signal that ends a process.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partly => 3,
            Self::NotFound => 4,
            Self::NotAllowed => 5,
            Self::TimedOut => 6,
            Self::Interrupted => 130,
        }
    }

    /// Of work on many things: all well, all failed, or partly.
    pub const fn of_many(failed: usize, total: usize) -> Self {
        match failed {
            0 => Self::Done,
            _ if failed == total => Self::Failed,
            _ => Self::Partly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_failures_are_partly_and_only_failures_are_a_failure() {
        assert_eq!(Exit::of_many(0, 3), Exit::Done);
        assert_eq!(Exit::of_many(1, 3), Exit::Partly);
        assert_eq!(Exit::of_many(3, 3), Exit::Failed);
    }
}
