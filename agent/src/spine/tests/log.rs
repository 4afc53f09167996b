//! What the log holds of requests, once everything that was under way is in it.

use std::collections::BTreeSet;
use std::time::Instant;

use ledger::{Entry, Kind};

use super::host::Asked;
use super::rig::Rig;

/// The entries that requests left, without those of keys' lives.
pub(super) struct Log(Vec<(u64, Entry)>);

impl Log {
    /// Waits until every intent is settled, writes down what was counted, as a stop does, and reads.
    pub(super) async fn of(rig: &Rig) -> Self {
        let journal = &rig.front.journal;
        journal.settled().await;
        for (_, entry) in rig.front.refusals.rest(Instant::now()) {
            let _ = journal.record(entry).await.unwrap();
        }
        // Whatever was noted before this one is on the disk with it.
        let _ = journal.record(Entry::new(Kind::Probe)).await.unwrap();
        Self::so_far(rig)
    }

    /// What is durable now, whatever is under way.
    pub(super) fn so_far(rig: &Rig) -> Self {
        let (reader, size) = (rig.front.journal.reader().unwrap(), rig.front.journal.size());
        let entries = reader.entries(0).map(Result::unwrap).take_while(|(index, _)| *index < size);
        Self(entries.filter(|(_, entry)| !matches!(entry.kind, Kind::Lifecycle | Kind::Probe)).collect())
    }

    /// The intents.
    pub(super) fn intents(&self) -> Vec<&Entry> {
        self.of_kind(Kind::Intent).map(|(_, entry)| entry).collect()
    }

    /// The entry of this index.
    pub(super) fn at(&self, index: u64) -> &Entry {
        self.0.iter().find(|(at, _)| *at == index).map(|(_, entry)| entry).unwrap()
    }

    /// The indices of the intents that count as signatures: those that no later void names.
    pub(super) fn counted(&self) -> Vec<u64> {
        let mut counted = BTreeSet::new();
        for (index, entry) in &self.0 {
            match (entry.kind, entry.voids) {
                (Kind::Intent, _) => assert!(counted.insert(*index)),
                (Kind::Void, Some(voided)) => {
                    assert!(counted.remove(&voided), "it voids no intent before it")
                }
                (Kind::Void, None) => panic!("a void that names nothing"),
                _ => {}
            }
        }
        counted.into_iter().collect()
    }

    /// The refusals by reason, and how many of each.
    pub(super) fn refusals(&self) -> Vec<(&str, u64)> {
        self.of_kind(Kind::Refusal)
            .map(|(_, entry)| (entry.reason.as_deref().unwrap(), entry.count.unwrap()))
            .collect()
    }

    /// The posture entries.
    pub(super) fn postures(&self) -> Vec<&Entry> {
        self.of_kind(Kind::Posture).map(|(_, entry)| entry).collect()
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &(u64, Entry)> {
        self.0.iter().filter(move |(_, entry)| entry.kind == kind)
    }
}

impl Rig {
    /// What the log holds once nothing is under way. Nothing is in flight then, or the test holds its answer.
    pub(super) async fn log(&self) -> Log {
        Log::of(self).await
    }

    /// Wants that so many intents were recorded, that each of them is voided, and that nothing is left in flight.
    pub(super) async fn all_voided(&self, intents: usize) {
        let log = self.log().await;
        assert_eq!(log.intents().len(), intents, "intents");
        assert_eq!(log.counted(), [] as [u64; 0], "these count as signatures");
        assert_eq!(self.front.gates.in_flight(), 0);
    }

    /// Wants that no token was asked, that there is no intent, and that exactly this was counted.
    pub(super) async fn only_counted(&self, asked: &mut Asked, counted: &[(&str, u64)]) {
        assert!(asked.rest().is_empty(), "a token was asked");
        self.all_voided(0).await;
        assert_eq!(self.log().await.refusals(), counted);
    }

    /// Wants that the assertion with this intent was released, as the last of so many that were composed, each with a `jti`
    /// of its own, and that those before it are voided.
    pub(super) async fn only_the_last_counts(&self, log_index: u64, composed: usize) {
        let log = self.log().await;
        let ids: BTreeSet<_> = log.intents().iter().map(|intent| intent.jti.as_deref().unwrap()).collect();
        assert_eq!((ids.len(), log.intents().len()), (composed, composed), "a jti for each");
        assert_eq!(log.counted(), [log_index]);
    }
}
