//! What an auditor demands of the log, whatever happened to the agent.

use std::collections::{HashMap, HashSet};

use ledger::{Entry, Kind};

use crate::Rig;
use crate::load::Received;
use crate::wait::until;

/// What became of the intents of all assertions.
#[derive(Debug, Default)]
pub struct Fates {
    /// How many of each token are in a caller's hands.
    pub received: HashMap<String, usize>,
    /// How many of each token are voided, since no signature came back.
    pub voided: HashMap<String, usize>,
    /// How many of each token stand without having left: what came back is not the pinned key's signature.
    pub kept: HashMap<String, usize>,
}

impl Fates {
    /// How many intents of a token brought nobody an assertion.
    pub fn lost(&self, token: &str) -> usize {
        [&self.voided, &self.kept].iter().filter_map(|fate| fate.get(token)).sum()
    }

    /// Of intents that have one fate each; none while one of them has none, as a void that is on its way.
    fn of(entries: &[Entry], received: &HashSet<u64>) -> Option<Self> {
        let voided: HashSet<u64> = entries.iter().filter_map(|entry| entry.voids).collect();
        let is_wrong = |entry: &&Entry| entry.reason.as_deref() == Some("wrong-signature");
        let wrong: HashSet<_> = entries.iter().filter(is_wrong).map(|entry| &entry.digest).collect();
        let mut fates = Self::default();
        for (index, entry) in (0..).zip(entries) {
            if entry.kind != Kind::Intent || entry.jti.is_none() {
                continue;
            }
            let fate =
                match (received.contains(&index), voided.contains(&index), wrong.contains(&entry.digest)) {
                    (true, false, false) => &mut fates.received,
                    (false, true, false) => &mut fates.voided,
                    (false, false, true) => &mut fates.kept,
                    (false, false, false) => return None,
                    fates => panic!("received, voided, wrong {fates:?}: entry {index}"),
                };
            *fate.entry(entry.token.clone().unwrap()).or_default() += 1;
        }
        Some(fates)
    }
}

impl Rig {
    /// Every assertion that was received is on record, and every other intent was voided, or stands beside a posture entry
    /// that says why. Nothing else may have asked for assertions.
    #[track_caller]
    pub fn assert_accounted(&self, received: &[Received]) -> Fates {
        self.assert_recorded(received);
        let indices = received.iter().map(|one| one.log_index).collect();
        until("every intent has its fate", || Fates::of(&self.entries(), &indices))
    }

    /// Every assertion that was received is on record under its index, and no void takes it back; the log verifies.
    #[track_caller]
    pub fn assert_recorded(&self, received: &[Received]) {
        let entries = self.entries();
        let voided: HashSet<u64> = entries.iter().filter_map(|entry| entry.voids).collect();
        for Received { log_index, jti } in received {
            let entry = entries.get(usize::try_from(*log_index).unwrap());
            let recorded = entry.map(|entry| (entry.kind, entry.jti.as_deref()));
            assert_eq!(recorded, Some((Kind::Intent, Some(jti.as_str()))), "entry {log_index}");
            assert!(!voided.contains(log_index), "the released entry {log_index} is voided");
        }
        self.assert_whole();
    }

    /// The log verifies, by the library and by the command.
    #[track_caller]
    pub fn assert_whole(&self) {
        let report = ledger::verify(&self.log(), |_, _| {}).unwrap();
        assert_eq!(report.damage, []);
        let output = self.kunci(&["log", "verify"]);
        assert!(output.status.success(), "kunci log verify: {output:?}");
    }

    /// The posture entries with this reason.
    pub fn postures(&self, reason: &str) -> Vec<Entry> {
        let is_meant = |entry: &Entry| entry.kind == Kind::Posture && entry.reason.as_deref() == Some(reason);
        self.entries().into_iter().filter(is_meant).collect()
    }
}
