//! Whether the machine stood still: a run in which every process waited a second for the machine says nothing about ours.

use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(20);
/// How late a look must be to count.
const STILL: Duration = Duration::from_secs(1);

static LAST: OnceLock<Mutex<Option<Instant>>> = OnceLock::new();

/// Whether the machine stood still for longer than a second since then.
pub fn since(then: Instant) -> bool {
    let last = LAST.get_or_init(|| {
        thread::spawn(watch);
        Mutex::new(None)
    });
    last.lock().unwrap().is_some_and(|still| still > then)
}

fn watch() {
    loop {
        let before = Instant::now();
        thread::sleep(LOOK);
        if before.elapsed() > STILL {
            *LAST.get().unwrap().lock().unwrap() = Some(Instant::now());
        }
    }
}
