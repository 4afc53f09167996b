//! What an auditor demands of the log, whatever happened to the agent.

use std::collections::HashSet;

use ledger::{Entry, Kind};

use crate::Rig;
use crate::load::Received;

impl Rig {
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
