//! Progress on stderr: a live line on a terminal; a plain line now and then elsewhere and with `TERM=dumb`; nothing with `--no-progress`.

use crate::output::{streams, terminal};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// Shows how much of the work is done.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    is_plain: bool,
    last_time: Cell<Instant>,
    last_message: RefCell<String>,
}

impl Progress {
    /// Progress of work on `total` things; shows nothing if `is_shown` is false.
    pub fn new(is_shown: bool, total: usize) -> Self {
        let is_live = is_shown && terminal::is_live();
        let bar = is_live.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            // The template is a constant and parses; without it the bar has indicatif's own style.
            if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {bar:20} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            streams::show_bar(bar.clone());
            bar
        });
        Self { bar, is_plain: is_shown && !is_live, last_time: Cell::new(Instant::now()), last_message: RefCell::default() }
    }

    /// Shows that `done` things are done, with `message`.
    pub fn update(&self, done: usize, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            bar.set_message(message.to_owned());
        } else if self.is_plain && self.last_time.get().elapsed() >= PLAIN_INTERVAL && *self.last_message.borrow() != message {
            say!("{message}");
            self.last_time.set(Instant::now());
            message.clone_into(&mut self.last_message.borrow_mut());
        }
    }

    /// Clears the live line.
    pub fn clear(&self) {
        if self.bar.as_ref().is_some_and(|bar| !bar.is_finished()) {
            streams::clear_bar();
        }
    }

    /// Clears the live line and prints a last message.
    pub fn finish(&self, message: &str) {
        self.clear();
        if self.bar.is_some() || self.is_plain {
            say!("{message}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
