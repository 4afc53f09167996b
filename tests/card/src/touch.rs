//! The button: a policy says when it must be pressed, and a test presses it through the control socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::apdu::Sw;
use crate::control::Control;
use crate::session::Session;

/// How long a touch is remembered where the policy says so.
const REMEMBERED: Duration = Duration::from_secs(15);

/// When a key wants a touch, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum TouchPolicy {
    Never = 1,
    Always = 2,
    Cached = 3,
}

impl TouchPolicy {
    /// Zero and nothing stand for the default, which is never.
    pub(crate) fn of(number: Option<u8>) -> Option<Self> {
        match number {
            None | Some(0 | 1) => Some(Self::Never),
            Some(2) => Some(Self::Always),
            Some(3) => Some(Self::Cached),
            Some(_) => None,
        }
    }
}

/// The button.
pub(crate) struct Touch {
    pub(crate) control: Arc<Control>,
    /// How long the card waits for it.
    pub(crate) patience: Duration,
}

impl Touch {
    /// Waits for the button as the policy wants it; refuses what nobody touched.
    pub(crate) fn wait(&self, session: &mut Session, policy: TouchPolicy) -> Result<(), Sw> {
        let recently = session.touched.is_some_and(|touched| touched.elapsed() < REMEMBERED);
        if policy == TouchPolicy::Never || (policy == TouchPolicy::Cached && recently) {
            return Ok(());
        }
        if !self.control.await_touch(self.patience) {
            return Err(Sw::NOT_ALLOWED);
        }
        session.touched = Some(Instant::now());
        Ok(())
    }
}
