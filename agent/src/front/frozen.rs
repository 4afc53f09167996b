//! Freezes that a front finds when it starts: those of the ledger, and those that only the supervisor still knows.
//!
//! A freeze holds from the moment that it is asked for. Where the disk lost its entry together with the front that took
//! it, the supervisor has kept the connector's name, and the next front shuts the gate before it serves anybody and
//! puts the freeze on record again.

use std::sync::Arc;

use hsm_config::Name;
use ledger::{Entry, Kind};

use super::Front;

/// The reason on record where the one that was given is lost.
const LOST: &str = "frozen before a disk failure that lost the entry";

/// Shuts the gates; `held` are those that were shut when the last front ended.
pub(super) fn restore(front: &Arc<Front>, held: Vec<Name>) {
    let recorded: Vec<String> =
        front.with_lifecycle(|lifecycle| lifecycle.frozen().keys().cloned().collect());
    for connector in recorded.iter().filter_map(|name| name.parse().ok()) {
        front.gates.gate(&connector).shut();
        front.supervisor.gate(&connector, true);
    }
    for connector in held {
        if !recorded.iter().any(|name| name == connector.as_str()) {
            front.gates.gate(&connector).shut();
            record(front.clone(), connector);
        }
    }
}

/// On record as soon as the disk takes it; shut all the same until then.
fn record(front: Arc<Front>, connector: Name) {
    tracing::warn!(%connector, "it is frozen, and the ledger did not say so");
    let entry = Entry::new(Kind::Lifecycle).connector(connector.as_str()).state("frozen").reason(LOST);
    tokio::spawn(async move {
        if let Err(error) = front.lived(entry).await {
            tracing::error!(%error, %connector, "frozen, but the ledger cannot say so");
        }
    });
}
