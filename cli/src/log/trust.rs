//! Whom an auditor believes about a log: keys and policies that were handed over some other way, never from the log.
//!
//! The log's key is given by itself or by the policy; who has a policy wants its quorum, too.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use ledger::{
    MAX_NOTE_BYTES, MAX_POLICY_BYTES, NotEndorsed, Policy, SignedCheckpoint, Unverified, Vkey, by_log,
};
use quoted::{Plain, Quoted};
use serde::Serialize;

use crate::bounded;
use crate::failure::Failure;

/// Keys and a policy, from the command line.
#[derive(Args, Clone, Debug)]
pub(super) struct Trusted {
    /// A key of the log, as `kunci log init-key` prints it, or of a witness; may be given again
    #[arg(long = "vkey", value_name = "VKEY")]
    vkeys: Vec<Vkey>,
    /// A C2SP tlog-policy: logs, witnesses and how many it takes
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Whom to believe.
pub(super) struct Trust {
    /// The log's keys that were given; without any, the policy's.
    logs: Vec<Vkey>,
    witnesses: Vec<Vkey>,
    policy: Option<Policy>,
}

/// Who stands for a checkpoint.
#[derive(Serialize)]
pub(super) struct Endorsed {
    /// The log's key.
    pub(super) signed_by: String,
    /// The witnesses.
    pub(super) cosigned_by: Vec<Cosigned>,
    /// Whether they are the policy's quorum; nothing where there is no policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    quorum: Option<bool>,
}

/// A witness, and when it cosigned.
#[derive(Serialize)]
pub(super) struct Cosigned {
    name: String,
    time: u64,
}

impl Trusted {
    /// Reads the policy and sorts the keys.
    pub(super) fn load(&self) -> Result<Trust, Failure> {
        let policy = self.policy.as_deref().map(policy).transpose()?;
        let is_witness = |key: &&Vkey| key.kind() == ledger::SignatureType::CosignatureEd25519;
        let (witnesses, logs): (Vec<_>, Vec<_>) = self.vkeys.iter().partition(is_witness);
        let [witnesses, logs] = [witnesses, logs].map(|keys| keys.into_iter().cloned().collect::<Vec<_>>());
        if logs.is_empty()
            && !self.is_empty()
            && policy.as_ref().is_none_or(|policy| policy.logs().is_empty())
        {
            let title = "No key of the log is given";
            return Err(Failure::usage(
                "no-key",
                title,
                "Give the log's key with --vkey, or in a log line of the policy.",
            ));
        }
        Ok(Trust { logs, witnesses, policy })
    }

    /// Whether nobody is to be believed.
    pub(super) fn is_empty(&self) -> bool {
        self.vkeys.is_empty() && self.policy.is_none()
    }
}

/// Reads a policy.
pub(super) fn policy(path: &Path) -> Result<Policy, Failure> {
    Policy::parse(&bounded::read(path, MAX_POLICY_BYTES)?).map_err(|bad| {
        let title = format!("The policy {}, {bad}", Quoted::path(path));
        Failure::usage("malformed", title, "Write it as c2sp.org/tlog-policy has it.")
    })
}

/// Reads a checkpoint that was kept.
pub(super) fn checkpoint(path: &Path) -> Result<SignedCheckpoint, Failure> {
    SignedCheckpoint::parse(&bounded::read(path, MAX_NOTE_BYTES)?).map_err(|bad| {
        let title = format!("{} is not a checkpoint: {bad}", Quoted::path(path));
        Failure::usage("malformed", title, "Give the file as the log had it, with its signatures.")
    })
}

impl Trust {
    /// Who stands for the checkpoint, if they are enough.
    pub(super) fn endorse(&self, signed: &SignedCheckpoint) -> Result<Endorsed, NotEndorsed> {
        let (log, mut cosigned) = match &self.policy {
            Some(policy) => {
                let endorsed = policy.endorse(signed, &self.logs)?;
                (endorsed.log, endorsed.witnesses)
            }
            None => (by_log(signed, &self.logs.iter().collect::<Vec<_>>())?, Vec::new()),
        };
        match signed.verify(&self.witnesses) {
            Ok(all) => cosigned.extend(all.iter().filter_map(|signer| Some((signer.key, signer.time?)))),
            Err(Unverified::Nobody) => {}
            Err(wrong) => return Err(NotEndorsed::Signature(wrong)),
        }
        let cosigned_by =
            cosigned.into_iter().map(|(key, time)| Cosigned { name: key.name().to_owned(), time });
        Ok(Endorsed {
            signed_by: log.name().to_owned(),
            cosigned_by: cosigned_by.collect(),
            quorum: self.policy.as_ref().map(|_| true),
        })
    }
}

impl Endorsed {
    /// In words.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("signed by {}", Plain(&self.signed_by))];
        lines.extend(self.cosigned_by.iter().map(|Cosigned { name, time }| {
            let at = i64::try_from(*time).ok().and_then(|time| Timestamp::from_second(time).ok());
            let at = at.map_or_else(|| time.to_string(), |at| at.to_string());
            format!("cosigned by {} at {at}", Plain(name))
        }));
        lines.extend(self.quorum.map(|_| "a quorum of the policy".to_owned()));
        lines
    }
}

/// A checkpoint that nobody has to believe; `what` begins the sentence.
pub(super) fn not_endorsed(what: &str, why: &NotEndorsed) -> Failure {
    let (code, detail) = match why {
        NotEndorsed::Quorum(_) => {
            ("no-quorum", "Ask the witnesses; until they have seen it, another copy may say something else.")
        }
        _ => (
            "checkpoint-not-signed",
            "Whoever can write the file can have written it. Get the key from the log's operator, not from the log.",
        ),
    };
    Failure::finding(code, format!("{what}: {why}"), detail)
}
