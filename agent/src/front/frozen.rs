//! Freezes that are not on record: those that the disk refused, and those that a front finds when it starts because only
//! the supervisor still knows them.
//!
//! A freeze holds from the moment that it is asked for. Where the disk lost its entry together with the front that took
//! it, the supervisor has kept the connector's name, and the next front shuts the gate before it serves anybody and
//! puts the freeze on record again.

use std::sync::Arc;
use std::time::Duration;

use hsm_config::Name;
use ledger::{Entry, Kind};
use tokio::time::sleep;

use super::Front;

/// How long until the disk is asked again.
const AGAIN: Duration = Duration::from_secs(1);
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
            let entry =
                Entry::new(Kind::Lifecycle).connector(connector.as_str()).state("frozen").reason(LOST);
            retry_record(front.clone(), connector, entry);
        }
    }
}

/// Puts a freeze on record as soon as the disk takes it; shut all the same until then. A thaw ends it.
pub(crate) fn retry_record(front: Arc<Front>, connector: Name, entry: Entry) {
    tracing::error!(%connector, "it is frozen, and the ledger does not say so yet");
    let gate = front.gates.gate(&connector);
    tokio::spawn(async move {
        while gate.frozen() {
            match front.record_lifecycle(entry.clone()).await {
                Ok(index) => return tracing::warn!(%connector, index, "the freeze is on record now"),
                Err(error) => tracing::debug!(%error, %connector, "the freeze is not on record yet"),
            }
            sleep(AGAIN).await;
        }
    });
}
