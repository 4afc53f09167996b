//! Waiting for what can be observed, never for a fixed time.

use std::time::{Duration, Instant};

/// How long anything observable may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until something is seen; fails with `what` after [`PATIENCE`].
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "not seen within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Looks until it is true.
pub fn until_true(what: &str, mut look: impl FnMut() -> bool) {
    until(what, || look().then_some(()));
}
