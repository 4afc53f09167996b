//! How much more the logs may have, shared by all threads that read: it is refused before the memory is spent.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::bounds::{MAX_ASSERTIONS, MAX_LIFECYCLE, MAX_VOIDS};
use super::logs::Unreadable;

/// What is still free.
#[derive(Debug)]
pub(super) struct Room {
    assertions: AtomicUsize,
    voids: AtomicUsize,
    lifecycle: AtomicUsize,
}

impl Room {
    /// Beside so many assertions of other logs.
    pub(super) fn beside(assertions: usize) -> Self {
        Self::of(MAX_ASSERTIONS.saturating_sub(assertions), MAX_VOIDS, MAX_LIFECYCLE)
    }

    pub(super) fn of(assertions: usize, voids: usize, lifecycle: usize) -> Self {
        let [assertions, voids, lifecycle] = [assertions, voids, lifecycle].map(AtomicUsize::new);
        Self { assertions, voids, lifecycle }
    }

    pub(super) fn assertion(&self) -> Result<(), Unreadable> {
        take(&self.assertions, || format!("the logs have more than {MAX_ASSERTIONS} assertions of that time"))
    }

    pub(super) fn void(&self) -> Result<(), Unreadable> {
        take(&self.voids, || format!("the log has more than {MAX_VOIDS} voids"))
    }

    pub(super) fn lifecycle(&self) -> Result<(), Unreadable> {
        take(&self.lifecycle, || format!("the log has more than {MAX_LIFECYCLE} lifecycle entries of keys"))
    }
}

fn take(free: &AtomicUsize, what: impl Fn() -> String) -> Result<(), Unreadable> {
    let taken = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1));
    taken.map(drop).map_err(|_| Unreadable::TooMuch(what()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_there_is_room_for_is_refused() {
        let room = Room::of(2, 1, 0);
        assert!(room.assertion().is_ok() && room.assertion().is_ok() && room.void().is_ok());
        for (refused, said) in [
            (room.assertion(), "16000000 assertions"),
            (room.void(), "voids"),
            (room.lifecycle(), "lifecycle"),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(&error, Unreadable::TooMuch(what) if what.contains(said)), "{error:?}");
        }
        assert!(Room::beside(MAX_ASSERTIONS).assertion().is_err());
    }
}
