//! What a host does about a question that failed before it is asked once more, as far as that takes more than the session
//! that it failed in: a login, or memory.
//!
//! A login is the keeper's alone, by the rule of the latch, so a lane only says what it saw and waits for news. A call
//! without a login did nothing, so its repetition does nothing twice.

use std::thread;
use std::time::Duration;

use super::keeper::Suspicion;
use super::shared::{Life, Now, Shared};
use crate::pkcs11::Class;

/// How long a question waits for a lost login to come back: slow tokens take a second to log in. No longer than half of
/// what the front waits for the answer.
const RELOGIN_PATIENCE: Duration = Duration::from_secs(2);
/// The first wait for memory; each next one is twice as long.
const BREATH: Duration = Duration::from_millis(50);

/// Mends what a question that was asked in a life of the token met; whether it is worth asking again.
pub(super) fn apply(shared: &Shared, class: Class, before: Life, tries: u32) -> bool {
    match class {
        Class::Login => await_login(shared, before),
        Class::Memory => {
            if let Now::Up(up) = &*shared.now() {
                shared.desks.close_idle(up);
            }
            thread::sleep(BREATH * 2_u32.saturating_pow(tries));
            true
        }
        _ => false,
    }
}

/// Tells the keeper of what nothing here helped against.
pub(super) fn give_up(shared: &Shared, class: Class) {
    match class {
        Class::Token => shared.suspect(Suspicion::Gone),
        Class::Module | Class::Memory => shared.suspect(Suspicion::Broken),
        _ => {}
    }
}

/// Waits until the keeper has logged in again, or has looked and found the token as it was, or gone.
fn await_login(shared: &Shared, before: Life) -> bool {
    let now = *shared.life();
    // What the keeper found out before this wait began, it will not tell again.
    if now.is_another_than(before) || shared.is_down() {
        return true;
    }
    shared.suspect(Suspicion::Changed);
    shared.await_news(now, RELOGIN_PATIENCE.min(shared.config.token.deadline / 2))
}
