//! Spinners and bars. Off a terminal they print nothing at all.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(120);

/// Something without a known end, with its elapsed time.
pub(crate) struct Spinner(ProgressBar);

/// Something with a known end.
pub(crate) struct Bar {
    bar: ProgressBar,
    shown: bool,
}

impl Spinner {
    pub(super) fn new(text: &str, shown: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, target(shown))
            .with_message(quoted::one_line(text).into_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        if shown {
            bar.enable_steady_tick(TURN);
        }
        Self(bar)
    }
}

impl Spinner {
    /// Prints something else while it stands still.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Bar {
    pub(super) fn new(text: &'static str, shown: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target(shown)).with_message(text);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({eta} left)") {
            bar.set_style(style);
        }
        Self { bar, shown }
    }

    /// So far, of so many.
    pub(crate) fn at(&self, done: u64, all: u64) {
        if self.shown {
            self.bar.set_length(all);
            self.bar.set_position(done);
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn target(shown: bool) -> ProgressDrawTarget {
    if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}
