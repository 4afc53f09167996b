//! What hosts ask before the ledger's key signs: answered once what is allowed is durable, and told to the front first, which
//! goes on from there whatever becomes of the host.

use token::Sha256;
use token::control::{Order, Report};

use super::Supervisor;
use super::ending::Over;
use super::logins::HostId;
use super::signed::Refusal;
use crate::ipc::link::{Signed, ToFront};

/// A host that has nothing to do with the ledger.
const NOT_ITS: &str = "it asks for checkpoints, and the ledger's key is on another token";

impl Supervisor {
    /// Decides about a host's question about the ledger's key.
    pub(super) fn rule(&mut self, id: &HostId, report: &Report) {
        let origin = self.hosts.get(&id.0).and_then(|host| host.config.ledger.origin.clone());
        let Some(origin) = origin else { return self.end_host(id, NOT_ITS.into(), Over::Nothing) };
        let (number, ruled) = match *report {
            Report::Checkpoint { number, key, last, next } => {
                (number, self.signed.allow(&origin, key, last, next).cloned())
            }
            Report::LedgerKey { number, key } => (number, self.register(&origin, key)),
            _ => return,
        };
        if let Ok(signed) = &ruled {
            self.front.tell(ToFront::Signed { signed: signed.clone() }, Vec::new());
        }
        let refusal = ruled.err().map(|refusal| refusal.to_string());
        if let Some(why) = &refusal {
            tracing::error!(token = %id.0, why, "the ledger's key signs nothing");
        }
        if let Some(host) = self.hosts.get(&id.0) {
            host.tell(Order::Ruled { number, refusal }, Vec::new());
        }
    }

    /// No host's next process lets the key sign anything else.
    fn register(&mut self, origin: &str, key: Sha256) -> Result<Signed, Refusal> {
        let signed = self.signed.register(origin, key).cloned()?;
        let keys = self.signed.keys();
        self.hosts.values_mut().for_each(|host| host.config.ledger.keys.clone_from(&keys));
        Ok(signed)
    }
}
