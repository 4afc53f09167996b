//! What the agent tells its operator, on standard error and so in the journal: each kind of message at a rate.
//!
//! Much of it can be caused by whoever may connect, as often as they like, and journald drops what a service says beyond its own
//! limit, whatever it is. So each kind has a budget, in every process and on every level, and what was left out is counted and
//! told. A kind is a place in the code with the token, connector or code that it speaks of: none of these is a caller's
//! word, so that nobody can make up kinds.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// How many messages of one kind may come at once.
const BURST: u32 = 20;
/// How long until there is room for one more.
const EVERY: Duration = Duration::from_secs(3);
/// How long after the first that is left out it is told how many were.
const TOLD_AFTER: Duration = Duration::from_secs(10);
/// How many kinds are told apart; beyond them, only places in the code are.
const MAX_KINDS: usize = 512;
/// How much of a message is kept to say what was left out, and of what a kind is named by, in bytes.
const MAX_WORDS: usize = 160;
/// Fields whose values name a kind: they come from the configuration or from the code.
const NAMES: [&str; 3] = ["token", "connector", "code"];
/// The field by which a count of what was left out is known: it is told whatever its kind's budget.
const LEFT_OUT: &str = "left_out";

/// From now on, this process's messages go to standard error, also those of a panic; systemd's journal knows the time itself.
pub fn begin() {
    let filter = EnvFilter::try_from_env("KUNCI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let lines = if is_journals(&io::stderr()) { lines.without_time().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines).with(filter).with(Rated::default()).init();
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

/// Whether a stream goes to the journal: systemd tells its device and inode (systemd.exec(5)), and somebody may have sent it
/// elsewhere since.
fn is_journals(stream: &impl AsFd) -> bool {
    let told = std::env::var("JOURNAL_STREAM").ok();
    let is = rustix::fs::fstat(stream).ok().map(|file| format!("{}:{}", file.st_dev, file.st_ino));
    told.is_some() && told == is
}

/// Lets each kind of message through at its rate.
#[derive(Clone, Default)]
struct Rated(Arc<Mutex<Kinds>>);

/// The budgets.
#[derive(Default)]
struct Kinds {
    budgets: HashMap<Kind, Budget>,
    /// Whether a thread waits to tell what was left out.
    telling: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    /// File and line.
    place: &'static str,
    named: String,
}

struct Budget {
    /// When all of the burst is there again.
    whole: Instant,
    left_out: u64,
    /// What the first that was left out said.
    words: String,
}

impl<S: Subscriber> Layer<S> for Rated {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let words = Words::of(event);
        if words.is_count {
            return true;
        }
        let kind = Kind { place: event.metadata().name(), named: words.names };
        let mut kinds = self.kinds();
        let goes = kinds.take(kind, &words.message, Instant::now());
        let tell = !goes && !std::mem::replace(&mut kinds.telling, true);
        drop(kinds);
        if tell {
            self.tell_later();
        }
        goes
    }
}

impl Rated {
    fn kinds(&self) -> MutexGuard<'_, Kinds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what was left out, in a thread that lives as long as something is.
    fn tell_later(&self) {
        let rated = self.clone();
        let told = thread::Builder::new().name("left-out".into()).spawn(move || while rated.tell() {});
        if told.is_err() {
            // The next one that is left out tries again.
            self.kinds().telling = false;
        }
    }

    /// Waits, and tells what was left out meanwhile; whether anything was.
    fn tell(&self) -> bool {
        thread::sleep(TOLD_AFTER);
        let left_out = self.kinds().left_out();
        for (words, left_out) in &left_out {
            tracing::warn!(left_out, "such messages come too often: {words}");
        }
        !left_out.is_empty()
    }
}

impl Kinds {
    /// Whether one more message of a kind goes through.
    fn take(&mut self, kind: Kind, words: &str, now: Instant) -> bool {
        if self.budgets.len() >= MAX_KINDS && !self.budgets.contains_key(&kind) {
            self.budgets.retain(|_, budget| budget.left_out > 0 || budget.whole > now);
        }
        let kind = match self.budgets.len() >= MAX_KINDS && !self.budgets.contains_key(&kind) {
            true => Kind { named: String::new(), ..kind },
            false => kind,
        };
        let new = || Budget { whole: now, left_out: 0, words: String::new() };
        self.budgets.entry(kind).or_insert_with(new).take(words, now)
    }

    /// What was left out since the last time, and how often; where nothing was, nobody waits for it any more.
    fn left_out(&mut self) -> Vec<(String, u64)> {
        let told = self.budgets.values_mut().filter(|budget| budget.left_out > 0);
        let told: Vec<_> = told
            .map(|budget| (std::mem::take(&mut budget.words), std::mem::take(&mut budget.left_out)))
            .collect();
        self.telling = !told.is_empty();
        told
    }
}

impl Budget {
    fn take(&mut self, words: &str, now: Instant) -> bool {
        let whole = self.whole.max(now) + EVERY;
        let fits = whole.duration_since(now) <= EVERY * BURST;
        if fits {
            self.whole = whole;
        } else {
            self.left_out += 1;
            if self.words.is_empty() {
                words.clone_into(&mut self.words);
            }
        }
        fits
    }
}

/// What an event says, as far as it matters here.
#[derive(Default)]
struct Words {
    message: String,
    names: String,
    is_count: bool,
}

impl Words {
    fn of(event: &Event<'_>) -> Self {
        let mut words = Self::default();
        event.record(&mut words);
        words
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => append(&mut self.message, value),
            LEFT_OUT => self.is_count = true,
            name if NAMES.contains(&name) => append(&mut self.names, value),
            _ => {}
        }
    }
}

/// Appends a value, and cuts what becomes too long.
fn append(text: &mut String, value: &dyn Debug) {
    // Writing to a string does not fail.
    let _ = write!(text, "{value:?} ");
    while text.len() > MAX_WORDS {
        text.pop();
    }
}

#[cfg(test)]
mod tests;
