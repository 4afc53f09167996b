//! When a try that failed is made again: after a wait that doubles, since each costs connectors their token; and at once where it
//! would be another one, by another host process, key or configuration.

use std::sync::Arc;
use std::time::Duration;

use hsm_config::Name;
use token::KeyRef;
use tokio::time::Instant;

use super::key;
use crate::front::Front;
use crate::spine::policy::Policy;

/// The first and the longest wait after a try that failed.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// What comes of a try hangs on this.
pub(super) struct Circumstances {
    /// The host process that serves the token, and how often that became ready.
    served: Option<(u64, u64)>,
    key: Option<KeyRef>,
    rules: Arc<Policy>,
}

/// The last try that failed, if the last one did.
#[derive(Default)]
pub(super) struct Retry(Option<FailedTry>);

struct FailedTry {
    under: Circumstances,
    wait: Duration,
    due: Instant,
}

impl Circumstances {
    /// Those of now.
    pub(super) fn of(front: &Front, token: &Name) -> Self {
        Self {
            served: front.tokens.served(token),
            key: key::recorded(front).and_then(|key| key.pin()),
            rules: front.policy(),
        }
    }
}

impl PartialEq for Circumstances {
    fn eq(&self, other: &Self) -> bool {
        (self.served, self.key) == (other.served, other.key) && Arc::ptr_eq(&self.rules, &other.rules)
    }
}

impl Retry {
    /// Whether it is time for a try.
    pub(super) fn is_due(&self, now: &Circumstances) -> bool {
        self.0.as_ref().is_none_or(|failed| failed.under != *now || Instant::now() >= failed.due)
    }

    /// A try came to nothing.
    pub(super) fn failed(&mut self, under: Circumstances) {
        let again = self.0.as_ref().filter(|before| before.under == under);
        let wait = again.map_or(FIRST_WAIT, |before| LAST_WAIT.min(before.wait * 2));
        self.0 = Some(FailedTry { under, wait, due: Instant::now() + wait });
    }

    /// One was good.
    pub(super) fn succeeded(&mut self) {
        self.0 = None;
    }
}
