//! What a host does about a question that failed before it is asked once more, as far as that takes more than the session
//! that it failed in: a login, or memory.
//!
//! A login is the token manager's alone, by the rule of the latch, so a lane only says what it saw and waits for news. A
//! call without a login did nothing, so its repetition does nothing twice.

use std::thread;
use std::time::Duration;

use super::shared::{Epoch, Shared, State};
use super::token_manager::HealthEvent;
use crate::pkcs11::Class;

/// How long a question waits for a lost login to come back: slow tokens take a second to log in. No longer than half of
/// what the front waits for the answer.
const RELOGIN_PATIENCE: Duration = Duration::from_secs(2);
/// The first wait for memory; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Mends what a question that was asked in this epoch of the token met; whether it is worth asking again.
pub(super) fn apply(shared: &Shared, class: Class, before: Epoch, tries: u32) -> bool {
    match class {
        Class::Login => await_login(shared, before),
        Class::Memory => {
            if let State::Serving(serving) = &*shared.state() {
                serving.backend.close_idle();
            }
            thread::sleep(FIRST_WAIT * 2_u32.saturating_pow(tries));
            true
        }
        _ => false,
    }
}

/// Tells the token manager of what nothing here helped against.
pub(super) fn give_up(shared: &Shared, class: Class) {
    match class {
        Class::Token => shared.report_health(HealthEvent::Gone),
        Class::Module | Class::Memory => shared.report_health(HealthEvent::Broken),
        _ => {}
    }
}

/// Waits until the token manager has logged in again, or has looked and found the token as it was, or gone.
fn await_login(shared: &Shared, before: Epoch) -> bool {
    let now = *shared.epoch();
    // What the token manager found out before this wait began, it will not tell again.
    if now.is_another_than(before) || shared.is_down() {
        return true;
    }
    shared.report_health(HealthEvent::Changed);
    shared.await_news(now, RELOGIN_PATIENCE.min(shared.config.token.deadline / 2))
}
