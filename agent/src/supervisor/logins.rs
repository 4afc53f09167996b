//! Logins under way: one at a time for each serial, each allowed by its latch, each told apart by who asked.
//!
//! Two hosts at one token must not both try a PIN, so the second waits for the first's outcome. A host has one login under
//! way at most, to a serial that is its token's; an outcome counts only from the host that was allowed to try.

use std::collections::BTreeMap;

use hsm_config::Name;
use token::control::{Known, LoginOutcome, PinOrigin};

use super::latch::{Decision, Store, StoreError};
use super::serial_registry::{Foreign, SerialRegistry};

/// A host process: its token, and which of that token's processes.
pub(super) type HostId = (Name, u64);

/// A login that a host asks for.
pub(super) struct Attempt {
    pub(super) host: HostId,
    pub(super) serial: String,
    pub(super) source: PinOrigin,
}

/// What a host is told.
#[derive(Debug)]
pub(super) enum Word {
    LogIn,
    Latched(String),
    /// Nothing yet.
    Wait,
}

/// Why there is no login, or no outcome of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Foreign(#[from] Foreign),
    #[error("its host asked for a login while one of its own is under way")]
    Twice,
    #[error("its host tells the outcome of a login that it was not allowed")]
    NotAllowed,
}

/// The latches, and who is trying.
pub(super) struct Logins {
    store: Store,
    registry: SerialRegistry,
    trying: BTreeMap<String, HostId>,
    waiting: Vec<Attempt>,
}

impl Logins {
    pub(super) fn new(store: Store, registry: SerialRegistry) -> Self {
        Self { store, registry, trying: BTreeMap::new(), waiting: Vec::new() }
    }

    /// Decides about an attempt.
    pub(super) fn attempt(&mut self, attempt: Attempt) -> Result<Word, LoginError> {
        let Attempt { host, serial, source } = &attempt;
        if self.waits(host) || self.trying.values().any(|trying| trying == host) {
            return Err(LoginError::Twice);
        }
        self.registry.judge(&host.0, serial, source, self.store.known_as(serial)?)?;
        if self.trying.contains_key(serial) {
            self.waiting.push(attempt);
            return Ok(Word::Wait);
        }
        match self.store.attempt(serial, &host.0, source)? {
            Decision::Latched(why) => Ok(Word::Latched(why)),
            Decision::LogIn(_) => {
                self.trying.insert(attempt.serial, attempt.host);
                Ok(Word::LogIn)
            }
        }
    }

    /// Notes what came of an attempt; nothing where this host was not allowed it.
    pub(super) fn outcome(
        &mut self,
        host: &HostId,
        serial: &str,
        outcome: &LoginOutcome,
    ) -> Result<(), LoginError> {
        if self.trying.get(serial) != Some(host) {
            return Err(LoginError::NotAllowed);
        }
        self.trying.remove(serial);
        Ok(self.store.outcome(serial, outcome)?)
    }

    /// Forgets a host that ended. What it was trying stays in its latch as an attempt without an outcome.
    pub(super) fn ended(&mut self, host: &HostId) {
        self.trying.retain(|_, trying| trying != host);
        self.waiting.retain(|attempt| attempt.host != *host);
    }

    /// An attempt that waited, and need not any more.
    pub(super) fn next(&mut self) -> Option<Attempt> {
        let due = self.waiting.iter().position(|attempt| !self.trying.contains_key(&attempt.serial))?;
        Some(self.waiting.remove(due))
    }

    /// The token that was last logged in to under this name.
    pub(super) fn known(&self, token: &Name) -> Option<Known> {
        self.store.known(token)
    }

    /// Whether this host waits for another's outcome.
    pub(super) fn waits(&self, host: &HostId) -> bool {
        self.waiting.iter().any(|attempt| attempt.host == *host)
    }

    /// Clears the latch of the serial that was last seen under this token's name.
    pub(super) fn unlatch(&mut self, token: &Name, serial: Option<String>) -> Result<(), String> {
        let serial = serial.or_else(|| self.store.serial_of(token));
        let serial =
            serial.ok_or_else(|| format!("nobody ever tried to log in to {token}, so nothing is latched"))?;
        if self.trying.contains_key(&serial) {
            return Err("a login is under way; try again when it is over".into());
        }
        self.store.clear(&serial).map_err(|error| error.to_string())
    }

    /// Writes what the disk refused before.
    pub(super) fn flush(&mut self) {
        if let Err(error) = self.store.flush() {
            tracing::error!(%error, "what is known of logins is not on the disk yet");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use token::control::HostConfig;

    /// Both tokens are configured with the serial number 1.
    fn logins(folder: &tempfile::TempDir) -> Logins {
        let text = include_str!("resolve/trial.toml").replace("token=t", "token=t;serial=1");
        let config = hsm_config::Config::parse(&text, std::path::Path::new("/k/kunci.toml")).unwrap();
        let host = |name: &str| HostConfig {
            name: name.parse().unwrap(),
            token: config.tokens.values().next().unwrap().clone(),
            uses: Vec::new(),
            ledger: Default::default(),
            known: None,
        };
        Logins::new(
            Store::open(folder.path().join("latch")).unwrap(),
            SerialRegistry::new(["a", "b"].map(host).iter()),
        )
    }

    fn host(name: &str, generation: u64) -> HostId {
        (name.parse().unwrap(), generation)
    }

    fn attempt(logins: &mut Logins, host: &HostId) -> Word {
        let attempt = Attempt { host: host.clone(), serial: "1".into(), source: PinOrigin::Prompt };
        logins.attempt(attempt).unwrap()
    }

    #[test]
    fn a_second_host_waits_for_the_firsts_outcome() {
        let folder = tempfile::tempdir().unwrap();
        let (mut logins, a, b) = (logins(&folder), host("a", 1), host("b", 1));
        assert!(matches!(attempt(&mut logins, &a), Word::LogIn));
        assert!(matches!(attempt(&mut logins, &b), Word::Wait));
        assert!(logins.next().is_none());
        logins.outcome(&a, "1", &LoginOutcome::Accepted).unwrap();
        let due = logins.next().unwrap();
        assert_eq!(due.host, b);
        assert!(matches!(logins.attempt(due).unwrap(), Word::LogIn));
    }

    #[test]
    fn a_host_cannot_tell_the_outcome_of_anothers_login() {
        let folder = tempfile::tempdir().unwrap();
        let (mut logins, a) = (logins(&folder), host("a", 1));
        let _ = attempt(&mut logins, &a);
        for other in [host("b", 1), host("a", 2)] {
            let told = logins.outcome(&other, "1", &LoginOutcome::Accepted);
            assert!(matches!(told, Err(LoginError::NotAllowed)));
        }
        assert!(!logins.trying.is_empty());
        logins.ended(&a);
        assert!(matches!(attempt(&mut logins, &host("a", 2)), Word::Latched(_)));
    }

    #[test]
    fn a_host_has_one_login_under_way_and_one_that_waits_has_one_place() {
        let folder = tempfile::tempdir().unwrap();
        let (mut logins, a, b) = (logins(&folder), host("a", 1), host("b", 1));
        let twice = |logins: &mut Logins, host: &HostId| {
            let attempt = Attempt { host: host.clone(), serial: "1".into(), source: PinOrigin::Prompt };
            matches!(logins.attempt(attempt), Err(LoginError::Twice))
        };
        let _ = attempt(&mut logins, &a);
        let _ = attempt(&mut logins, &b);
        assert!(twice(&mut logins, &a) && twice(&mut logins, &b));
    }

    #[test]
    fn a_host_cannot_have_anothers_token_latched() {
        let folder = tempfile::tempdir().unwrap();
        let (mut logins, a) = (logins(&folder), host("a", 1));
        let attempt =
            |serial: &str| Attempt { host: a.clone(), serial: serial.into(), source: PinOrigin::Prompt };
        assert!(matches!(logins.attempt(attempt("2")), Err(LoginError::Foreign(Foreign::NotConfigured))));
        assert!(matches!(
            logins.attempt(attempt(&"1".repeat(65))),
            Err(LoginError::Store(StoreError::Serial))
        ));
        assert!(logins.store.serial_of(&a.0).is_none());
    }

    #[test]
    fn a_login_under_way_is_not_unlatched() {
        let folder = tempfile::tempdir().unwrap();
        let (mut logins, a) = (logins(&folder), host("a", 1));
        assert!(logins.unlatch(&a.0, None).unwrap_err().contains("nothing is latched"));
        let _ = attempt(&mut logins, &a);
        assert!(logins.unlatch(&a.0, None).unwrap_err().contains("under way"));
        logins.ended(&a);
        logins.unlatch(&a.0, None).unwrap();
        assert!(matches!(attempt(&mut logins, &host("a", 2)), Word::LogIn));
    }
}
