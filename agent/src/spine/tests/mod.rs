//! The way of a request without a token: a front from its parts, and the test at the far end of every lane.
//!
//! The rules, the ledger, the router, the lanes' frames and the keys' surveys are the product's own; only the module behind a
//! lane is missing. `every` and `codes` want a test here, or a reason, for each way in which a request can end.

mod answers;
mod checkpoints;
mod codes;
mod connections;
#[expect(dead_code, reason = "its work is done once it compiles")]
mod every;
mod host;
mod in_time;
mod input;
mod key;
mod keys;
mod ledgers;
mod log;
mod lost;
mod refusals;
mod retries;
mod rig;
mod site;
mod tokens;
mod told;
mod voids;
mod waits;
