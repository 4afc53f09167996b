//! Keys and what becomes of them: their life in the ledger, what a token shows of them, whether they may sign, how they are
//! made, and what an auditor is told.

pub(crate) mod certificates;
pub mod connectors;
pub(crate) mod evidence;
pub mod ledger_key;
pub mod lifecycle;
pub(crate) mod places;
pub mod posture;
pub mod provision;
pub mod readiness;
pub mod recorded;
