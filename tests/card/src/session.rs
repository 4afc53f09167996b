//! What a card knows only while it has power: which application is selected, who showed what, the last touch.

use std::time::Instant;

/// The state between two commands.
#[derive(Default)]
pub(crate) struct Session {
    /// Whether PIV is selected.
    pub(crate) selected: bool,
    verified: bool,
    /// Whether the PIN was verified by the command just before this one (SP 800-73-4's "PIN always").
    fresh: bool,
    manager: bool,
    /// What the other side must answer to become the manager.
    pub(crate) challenge: Option<Vec<u8>>,
    /// The last touch, for keys that remember it for a while.
    pub(crate) touched: Option<Instant>,
}

impl Session {
    /// Just selected: nothing was shown yet.
    pub(crate) fn of(piv: bool) -> Self {
        Self { selected: piv, ..Self::default() }
    }

    pub(crate) fn pin_verified(&self) -> bool {
        self.verified
    }

    pub(crate) fn pin_was_right(&mut self) {
        self.verified = true;
        self.fresh = true;
    }

    pub(crate) fn forget_pin(&mut self) {
        self.verified = false;
        self.fresh = false;
    }

    /// Whether the PIN was verified just before; asked once for each command, and so used up by each.
    pub(crate) fn take_fresh(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    pub(crate) fn is_manager(&self) -> bool {
        self.manager
    }

    pub(crate) fn became_manager(&mut self) {
        self.manager = true;
    }
}
