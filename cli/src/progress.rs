//! Progress, on stderr only: a live line on a terminal, an occasional plain line elsewhere, nothing with `--no-progress`.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::{Cell, RefCell},
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Shows how far the work is.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    plain: bool,
    last: Cell<Instant>,
    said: RefCell<String>,
}

impl Progress {
    /// For `total` things; shows nothing where `wanted` is false.
    pub fn new(wanted: bool, total: usize) -> Self {
        let live = wanted && std::io::stderr().is_terminal();
        let bar = live.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            // The template is a constant; a bar without it is still a bar.
            if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {bar:20} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, plain: wanted && !live, last: Cell::new(Instant::now()), said: RefCell::default() }
    }

    /// `done` things are done; `message` says more.
    pub fn update(&self, done: usize, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            bar.set_message(message.to_owned());
        } else if self.plain && self.last.get().elapsed() >= PLAIN_EVERY && *self.said.borrow() != message {
            eprintln!("sightline: {message}");
            self.last.set(Instant::now());
            message.clone_into(&mut self.said.borrow_mut());
        }
    }

    /// Prints a line of its own, without tearing the live one.
    pub fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Runs `print`, which writes to stdout, without tearing the live line.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Clears the live line.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Clears the live line, and says how it ended.
    pub fn finish(&self, message: &str) {
        self.clear();
        if self.bar.is_some() || self.plain {
            eprintln!("sightline: {message}");
        }
    }
}
