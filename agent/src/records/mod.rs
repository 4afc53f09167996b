//! What is put on record, and when: the ledger as the front uses it, counted refusals, the clock, and the agent's own log.

pub mod clock;
pub mod journal;
pub mod messages;
pub mod refusals;
