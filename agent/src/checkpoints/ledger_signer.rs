//! A key that may sign checkpoints: pinned by the log, seen on its token, fit.

use std::sync::Arc;

use hsm_config::Flaw;
use ledger::Vkey;
use token::{KeyRef, PublicKey};

/// A key that may sign checkpoints.
#[derive(Clone)]
pub(crate) struct LedgerSigner {
    pub(crate) pin: KeyRef,
    pub(crate) public: Arc<PublicKey>,
    pub(crate) vkey: Vkey,
    /// What it fails and signs with all the same.
    pub(crate) excused: Vec<Flaw>,
}
