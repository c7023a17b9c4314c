//! Progress, on stderr only: a live line on a terminal, an occasional plain line elsewhere and with `TERM=dumb`, nothing with `--no-progress`.

use crate::output::{streams, terminal};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::{Cell, RefCell},
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
        let live = wanted && terminal::is_live();
        let bar = live.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            // The template is a constant; a bar without it is still a bar.
            if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {bar:20} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            streams::show_bar(bar.clone());
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
            say!("{message}");
            self.last.set(Instant::now());
            message.clone_into(&mut self.said.borrow_mut());
        }
    }

    /// Clears the live line.
    pub fn clear(&self) {
        if self.bar.as_ref().is_some_and(|bar| !bar.is_finished()) {
            streams::clear_bar();
        }
    }

    /// Clears the live line, and says how it ended.
    pub fn finish(&self, message: &str) {
        self.clear();
        if self.bar.is_some() || self.plain {
            say!("{message}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
