//! The gate of each connector: how many of its requests are on their way out, and whether it is frozen.
//!
//! Freeze closes the gate in memory first. Every release asks the gate again, and an [`InFlight`] lives until the last
//! byte of its answer was written or its connection is gone, so [`Gate::drained`] returns when nothing of the
//! connector can leave any more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use api::Problem;
use hsm_config::Name;
use tokio::sync::Notify;

/// All gates, by connector.
#[derive(Debug, Default)]
pub struct Gates {
    gates: Mutex<BTreeMap<Name, Arc<Gate>>>,
    in_flight: Arc<AtomicUsize>,
}

/// One connector's gate.
#[derive(Debug, Default)]
pub struct Gate {
    /// How often it was shut, and how many of those a thaw has undone.
    shut: AtomicU64,
    undone: AtomicU64,
    in_flight: AtomicUsize,
    drained: Notify,
}

/// One request that is under way; counted until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it says that its answer has left or never will"]
pub struct InFlight {
    gate: Arc<Gate>,
    in_flight: Arc<AtomicUsize>,
}

/// The connector is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connector is frozen")]
pub struct Frozen;

impl Gates {
    /// The gate of a connector.
    pub fn gate(&self, connector: &Name) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(connector) {
            return gate.clone();
        }
        gates.entry(connector.clone()).or_default().clone()
    }

    /// Lets a request of a connector in, unless its gate is shut.
    pub fn enter(&self, connector: &Name) -> Result<InFlight, Frozen> {
        let gate = self.gate(connector);
        gate.in_flight.fetch_add(1, Ordering::SeqCst);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let in_flight = InFlight { gate, in_flight: self.in_flight.clone() };
        in_flight.open().map(|()| in_flight)
    }

    /// How many requests of all connectors are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Gate {
    /// Shuts the gate, at once.
    pub fn shut(&self) {
        self.shut.fetch_add(1, Ordering::SeqCst);
    }

    /// How often it was shut so far: what a thaw that is on its way to the ledger will undo.
    pub fn times_shut(&self) -> u64 {
        self.shut.load(Ordering::SeqCst)
    }

    /// Undoes so many shuts. A freeze that came after the thaw's entry keeps the gate shut, as the ledger has it.
    pub fn undo(&self, times: u64) {
        self.undone.fetch_max(times, Ordering::SeqCst);
    }

    /// Whether the gate is shut.
    pub fn frozen(&self) -> bool {
        self.shut.load(Ordering::SeqCst) != self.undone.load(Ordering::SeqCst)
    }

    /// Returns when nothing of the connector is in flight.
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            drained.await;
        }
    }
}

impl InFlight {
    /// Whether the gate is still open: asked again between record and response.
    pub fn open(&self) -> Result<(), Frozen> {
        if self.gate.frozen() { Err(Frozen) } else { Ok(()) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.gate.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.gate.drained.notify_waiters();
        }
    }
}

impl From<Frozen> for Problem {
    fn from(_: Frozen) -> Self {
        let detail = "An admin froze it; nothing of it is signed until it is thawed. Ask the operator.";
        Self::forbidden("connector-frozen", "The connector is frozen", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_freeze_waits_for_every_flight_and_lets_no_new_one_start() {
        let (gates, name) = (Gates::default(), "de".parse().unwrap());
        let gate = gates.gate(&name);
        let in_flight = gates.enter(&name).unwrap();
        gate.shut();
        assert!(gates.enter(&name).is_err());
        assert_eq!(in_flight.open(), Err(Frozen));
        let drained = tokio::spawn(async move { gate.drained().await });
        tokio::task::yield_now().await;
        assert!(!drained.is_finished());
        drop(in_flight);
        drained.await.unwrap();
    }

    #[test]
    fn a_thaw_undoes_the_freezes_before_it_and_none_after_it() {
        let gate = Gate::default();
        gate.shut();
        gate.shut();
        let before = gate.times_shut();
        gate.shut();
        gate.undo(before);
        assert!(gate.frozen());
        gate.undo(gate.times_shut());
        assert!(!gate.frozen());
    }
}
