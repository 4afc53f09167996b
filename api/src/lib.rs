//! What is said on the agent's two sockets: the types of its HTTP surface, its paths, its problems, and clients for both ways
//! of waiting.
//!
//! The agent serves these types and everybody else speaks them. Nothing is decided here, and nothing of the agent is linked.

mod assertion;
mod certificate;
pub mod client;
mod codes;
mod connector;
mod evidence;
mod finding;
mod freeze;
mod health;
mod ledger_key;
pub mod path;
mod problem;
mod proof;
mod provision;
mod readiness;
mod recorded;
mod token;
mod whoami;

pub use assertion::{Assertion, AssertionRequest, MAX_BODY};
pub use certificate::{Certificate, Install, MAX_ADMIN_BODY};
pub use codes::CODES;
pub use connector::{Connector, KeyStanding, KeyState};
pub use evidence::{Evidence, EvidenceDevice, EvidenceEntry, EvidenceKey, FORMAT as EVIDENCE};
pub use finding::Finding;
pub use freeze::{Frozen, MAX_REASON, Reason};
pub use health::{Health, HealthCheckpoint, HealthReason};
pub use ledger_key::{InitKey, LedgerKey};
pub use problem::{PROBLEM_JSON, Problem};
pub use proof::{Proof, ProofRequest};
pub use provision::{Provision, Provisioned};
pub use readiness::{ReadinessReason, Weight};
pub use recorded::{Recorded, RecordedKey};
pub use token::{Checked, CheckedKey, TokenStatus};
pub use whoami::{Granted, Whoami};
