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
    /// Keys that were given, of the log and of witnesses. Without any of the log, the policy's count.
    vkeys: Vec<Vkey>,
    policy: Option<Policy>,
}

/// Who stands for a checkpoint.
#[derive(Serialize)]
pub(super) struct Endorsed {
    /// The log's key.
    pub(super) signed_by: String,
    /// The witnesses.
    pub(super) cosigned_by: Vec<Cosigned>,
    /// Whether they are the policy's quorum; nothing where there is no policy, or it takes no witness.
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
        if !self.vkeys.iter().any(may_be_a_logs)
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
        Ok(Trust { vkeys: self.vkeys.clone(), policy })
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
    parsed(path, &checkpoint_bytes(path)?)
}

/// A checkpoint's file, not read yet for what it says.
pub(super) fn checkpoint_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    bounded::read(path, MAX_NOTE_BYTES)
}

/// What such a file says.
pub(super) fn parsed(path: &Path, bytes: &[u8]) -> Result<SignedCheckpoint, Failure> {
    SignedCheckpoint::parse(bytes).map_err(|bad| {
        let title = format!("{} is not a checkpoint: {bad}", Quoted::path(path));
        Failure::usage("malformed", title, "Give the file as the log had it, with its signatures.")
    })
}

impl Trust {
    /// Who stands for the checkpoint, if they are enough.
    pub(super) fn endorse(&self, signed: &SignedCheckpoint) -> Result<Endorsed, NotEndorsed> {
        let (logs, witnesses) = self.sorted(signed.checkpoint().origin());
        // Who gives the key of another log does not want this one, whatever the policy names.
        if logs.is_empty() && self.vkeys.iter().any(|key| !key.kind().is_cosignature()) {
            return Err(NotEndorsed::Log);
        }
        let (log, mut cosigned) = match &self.policy {
            Some(policy) => {
                let endorsed = policy.endorse(signed, &logs)?;
                let log = endorsed.log.name().to_owned();
                (log, endorsed.witnesses.iter().map(|(key, time)| cosigned_by(key, *time)).collect())
            }
            None => (by_log(signed, &logs.iter().collect::<Vec<_>>())?.name().to_owned(), Vec::new()),
        };
        match signed.verify(&witnesses) {
            Ok(all) => {
                cosigned.extend(all.iter().filter_map(|signer| Some(cosigned_by(signer.key, signer.time?))))
            }
            Err(Unverified::Nobody) => {}
            Err(wrong) => return Err(NotEndorsed::Signature(wrong)),
        }
        let quorum = self.policy.as_ref().filter(|policy| policy.needs_witnesses()).map(|_| true);
        Ok(Endorsed { signed_by: log, cosigned_by: cosigned, quorum })
    }

    /// The log's keys are those of its name; a kind alone does not tell, as both sign with ML-DSA-44.
    fn sorted(&self, origin: &str) -> (Vec<Vkey>, Vec<Vkey>) {
        self.vkeys.iter().cloned().partition(|key| may_be_a_logs(key) && key.name() == origin)
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

/// With a log's own time and text a key of this kind signs as a witness.
fn may_be_a_logs(key: &Vkey) -> bool {
    key.kind() != ledger::SignatureType::CosignatureEd25519
}

fn cosigned_by(key: &Vkey, time: u64) -> Cosigned {
    Cosigned { name: key.name().to_owned(), time }
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

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use ledger::{Checkpoint, Note, Signature, SignatureType, TreeHead};

    use super::*;

    const ORIGIN: &str = "vendor.example/kunci";

    fn signed() -> (Vkey, SignedCheckpoint) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let vkey = Vkey::new(ORIGIN, SignatureType::Ed25519, pair.public_key().as_ref()).unwrap();
        let text = Checkpoint::new(ORIGIN, TreeHead::empty()).unwrap().to_string();
        let mut note = Note::new(text.clone()).unwrap();
        note.add(Signature::new(&vkey, pair.sign(text.as_bytes()).as_ref())).unwrap();
        (vkey, note.try_into().unwrap())
    }

    #[test]
    fn a_witness_key_of_a_kind_that_logs_have_does_not_stand_for_the_log() {
        let (log, signed) = signed();
        let policy = Policy::parse(format!("log {log}\nquorum none\n").as_bytes()).unwrap();
        let witness = Vkey::new("w.example/1", SignatureType::CosignatureMlDsa44, &[7; 1312]).unwrap();
        let trust = Trust { vkeys: vec![witness], policy: Some(policy.clone()) };
        let endorsed = trust.endorse(&signed).unwrap();
        assert_eq!(endorsed.signed_by, ORIGIN);
        assert_eq!(endorsed.quorum, None, "no quorum is claimed where none is wanted");
        let other = Vkey::new("else.example/log", SignatureType::Ed25519, &[7; 32]).unwrap();
        let trust = Trust { vkeys: vec![other], policy: Some(policy) };
        assert!(matches!(trust.endorse(&signed), Err(NotEndorsed::Log)));
    }
}
