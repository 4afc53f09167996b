//! One thing that stands in a connector's way, or soon will: its code, its weight, its words.
//!
//! Codes are stable and name nobody: they are told to anyone. The words name connector and token, and say what to do.

use api::{Problem, ReadinessReason, Weight};
use hsm_config::{Algorithm, Flaw, KeyType, Name};

use super::Dates;

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// There is no key.
    #[error("no key is provisioned; run `kunci provision {0}`")]
    Unprovisioned(Name),
    /// The token holds a key for the connector that the log has never heard of.
    #[error(
        "the token {1} holds a key of {0} that the log does not know, and nothing is signed with it: restore the log if it was \
         lost; else `kunci token check {1}` says how to adopt the key"
    )]
    Orphaned(Name, Name),
    /// The log has never heard of a key whose certificate is kept.
    #[error(
        "a certificate of {0} is in the state directory, and neither the log nor the token {1} has a key for it: restore the \
         log, and see to the token; `kunci provision {0}` makes a new key, which customers have to register"
    )]
    Forgotten(Name, Name),
    /// The key waits for its certificate.
    #[error("the key has no certificate yet; run `kunci cert install {0} FILE`")]
    Uncertified(Name),
    /// The token is not there.
    #[error("the token {0} is not available")]
    TokenAway(Name),
    /// The token does not hold the key.
    #[error("the token {0} does not hold the pinned key")]
    Missing(Name),
    /// The token holds another key under its identifier.
    #[error("the token {0} holds another key than the pinned one")]
    Mismatch(Name),
    /// The key or its token fails a requirement.
    #[error("the key on {0} fails a requirement: {reason}; {mend} ({1})", reason = .1.reason(), mend = .1.mend())]
    Unfit(Name, Flaw),
    /// The token is soft and the configuration does not allow that.
    #[error("the token {0} is SOFTWARE, and allow_software_tokens is not set")]
    Software(Name),
    /// An exception that the key needs is not on record.
    #[error(
        "the key on {0} needs an exception that cannot be recorded: free space or mend the ledger's disk"
    )]
    Unrecorded(Name),
    /// The certificate is neither in the state directory nor on the token, or is not the recorded one.
    #[error("the certificate that the ledger names is lost; run `kunci cert install {0} FILE`")]
    CertificateLost(Name),
    /// The key is of a kind that cannot make the configured algorithm.
    #[error(
        "the key on {0} is {1}, which cannot make {2}: set key and algorithm back to what was provisioned and restart, and give \
         a key of another kind a connector of its own"
    )]
    KeyKind(Name, KeyType, Algorithm),
    /// An admin froze the connector.
    #[error("{0} is frozen: {1}")]
    Frozen(Name, String),
    /// The log knows nothing, although something is there that it must know.
    #[error(
        "the log knows no key at all, although certificates are in the state directory or keys of ours on a token: it began \
         anew. Stop the agent and restore the log if there is a copy of it"
    )]
    LogIsNew,
    /// The clock was moved.
    #[error("the clock was moved; signing resumes when it has been steady for 3 s")]
    ClockStepped,
    /// The ledger could not be written.
    #[error("the log could not be written when it was last tried: free space or mend its disk")]
    LedgerFails,
    /// The log has no key for its checkpoints.
    #[error("the log has no key that signs its checkpoints; run `kunci log init-key`")]
    LedgerKeyless,
    /// What the log's key signed last is not known any more.
    #[error(
        "what was signed last of the log {0} is not known any more, so no checkpoint is: write a new origin into [ledger], \
         restart, and run `kunci log init-key`"
    )]
    CheckpointsLost(String),
    /// There has been no new checkpoint for so many seconds, and why.
    #[error("there has been no new checkpoint of the log for {0} s: {1}")]
    CheckpointStale(u64, String),
    /// The certificate's time is over.
    #[error(
        "the certificate ended at {end}: nobody can sign in with it. Have another issued for `kunci provision {0} --csr`, and \
         customers register it", end = .1.ends()
    )]
    CertificateExpired(Name, Dates),
    /// The certificate's time has not begun.
    #[error("the certificate of {0} begins at {begin}: nobody can sign in with it before", begin = .1.begins())]
    CertificateNotYet(Name, Dates),
    /// The token's last signature failed: how, is told to admins, of the token.
    #[error("the token {0} failed when it was last asked; `kunci token check {0}` tries it again")]
    TokenFailing(Name, String),
    /// The certificate ends within so many days.
    #[error(
        "the certificate ends at {end}, within {2} days: have another issued for `kunci provision {0} --csr`, and customers \
         register it before it is installed", end = .1.ends()
    )]
    CertificateEnds(Name, Dates, u16),
    /// The key has another size than is configured.
    #[error(
        "the key on {0} is {1} and signs on; key = \"{2}\" is for the next key, which takes a connector of its own"
    )]
    KeySize(Name, KeyType, KeyType),
}

impl Reason {
    /// How much it weighs.
    pub fn weight(&self) -> Weight {
        match self {
            Self::CertificateExpired(..) | Self::CertificateNotYet(..) | Self::TokenFailing(..) => {
                Weight::Fails
            }
            Self::CheckpointsLost(_) | Self::CheckpointStale(..) => Weight::Fails,
            Self::CertificateEnds(..) | Self::KeySize(..) | Self::LedgerKeyless => Weight::Notes,
            _ => Weight::Blocks,
        }
    }

    /// Stable, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unprovisioned(_) => "unprovisioned",
            Self::Orphaned(..) => "orphaned-key",
            Self::Forgotten(..) | Self::LogIsNew => "log-lost",
            Self::Uncertified(_) => "uncertified",
            Self::TokenAway(_) => "token-unavailable",
            Self::Missing(_) => "key-missing",
            Self::Mismatch(_) => "key-mismatch",
            Self::Unfit(..) => "key-unfit",
            Self::Software(_) => "software-token",
            Self::Unrecorded(_) => "exception-unrecorded",
            Self::CertificateLost(_) => "certificate-lost",
            Self::KeyKind(..) => "key-kind",
            Self::Frozen(..) => "connector-frozen",
            Self::ClockStepped => "clock-step",
            Self::LedgerFails => "ledger-unavailable",
            Self::LedgerKeyless => "ledger-key-missing",
            Self::CheckpointsLost(_) => "checkpoint-state-lost",
            Self::CheckpointStale(..) => "checkpoint-stale",
            Self::CertificateExpired(..) => "certificate-expired",
            Self::CertificateNotYet(..) => "certificate-not-yet-valid",
            Self::TokenFailing(..) => "token-failing",
            Self::CertificateEnds(_, _, 7) => "certificate-ends-7",
            Self::CertificateEnds(_, _, 30) => "certificate-ends-30",
            Self::CertificateEnds(..) => "certificate-ends-90",
            Self::KeySize(..) => "key-size",
        }
    }
}

impl Reason {
    /// What an admin is told who wants something done that this stands against.
    pub fn conflict(&self, title: &str) -> Problem {
        Problem::conflict(self.code(), title, self.to_string())
    }
}

impl From<&Reason> for ReadinessReason {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code().to_owned(), weight: reason.weight(), detail: reason.to_string() }
    }
}

impl From<Reason> for Problem {
    fn from(why: Reason) -> Self {
        Self::unavailable(why.code(), "The connector has no key that may sign now", why.to_string())
    }
}
