//! Whom to believe about a log (C2SP tlog-policy): which logs, which witnesses, and how many of them it takes.
//!
//! It decides whether a checkpoint is signed by a log that is named, and cosigned by a quorum. Names of witnesses and
//! groups are bytes that mean nothing outside; the names that count are those of the keys.

mod parse;

use crate::{SignedCheckpoint, Unverified, Vkey};

pub use parse::BadPolicy;

/// The longest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 256 << 10;

/// The most logs, and the most witnesses, and the most groups.
pub(crate) const MAX_NAMED: usize = 256;

/// Logs, witnesses and a quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Quorum,
}

/// A log that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key, whose name is the log's origin.
    pub key: Vkey,
    /// Where it is, for whoever has a network.
    pub url: Option<String>,
}

/// A witness that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its key.
    pub key: Vkey,
    /// Where it takes checkpoints.
    pub url: Option<String>,
}

/// So many of some members.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    needed: usize,
    members: Vec<Member>,
}

/// A witness or a group, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quorum {
    None,
    Of(Member),
}

/// Who stands for a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsed<'p> {
    /// The log's key that signed it.
    pub log: &'p Vkey,
    /// The witnesses' keys, and when each cosigned, in seconds since 1970.
    pub witnesses: Vec<(&'p Vkey, u64)>,
}

/// Why a checkpoint is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEndorsed {
    /// No key of that log signed it.
    #[error("no key that is known of this log signed it")]
    Log,
    /// A signature is wrong.
    #[error(transparent)]
    Signature(Unverified),
    /// Too few witnesses.
    #[error("it has the cosignatures of {0} witnesses that the policy knows, and they are no quorum")]
    Quorum(usize),
}

impl Policy {
    /// The logs that are accepted.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses that count.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether it takes any witness at all.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum != Quorum::None
    }

    /// Whether this policy's logs, or these where any are given, and a quorum of its witnesses stand for the checkpoint.
    pub fn endorse<'p>(
        &'p self,
        signed: &SignedCheckpoint,
        logs: &'p [Vkey],
    ) -> Result<Endorsed<'p>, NotEndorsed> {
        let named: Vec<&Vkey> = match logs {
            [] => self.logs.iter().map(|log| &log.key).collect(),
            given => given.iter().collect(),
        };
        let log = by_log(signed, &named)?;
        let witnesses = match signed.verify(self.witnesses.iter().map(|witness| &witness.key)) {
            Ok(signers) => signers.iter().filter_map(|signer| Some((signer.key, signer.time?))).collect(),
            Err(Unverified::Nobody) => Vec::new(),
            Err(wrong) => return Err(NotEndorsed::Signature(wrong)),
        };
        let is_enough = match self.quorum {
            Quorum::None => true,
            Quorum::Of(member) => self.has(member, &witnesses),
        };
        if is_enough { Ok(Endorsed { log, witnesses }) } else { Err(NotEndorsed::Quorum(witnesses.len())) }
    }

    fn has(&self, member: Member, cosigned: &[(&Vkey, u64)]) -> bool {
        match member {
            Member::Witness(at) => {
                self.witnesses.get(at).is_some_and(|one| cosigned.iter().any(|(key, _)| **key == one.key))
            }
            Member::Group(at) => self.groups.get(at).is_some_and(|group| {
                group.members.iter().filter(|member| self.has(**member, cosigned)).count() >= group.needed
            }),
        }
    }
}

/// The log's key that signed a checkpoint of its own: one of these whose name is the origin.
pub fn by_log<'k>(signed: &SignedCheckpoint, keys: &[&'k Vkey]) -> Result<&'k Vkey, NotEndorsed> {
    let origin = signed.checkpoint().origin();
    let own: Vec<&'k Vkey> = keys.iter().copied().filter(|key| key.name() == origin).collect();
    match signed.verify(own) {
        Ok(signers) => signers.first().map(|signer| signer.key).ok_or(NotEndorsed::Log),
        Err(Unverified::Nobody) => Err(NotEndorsed::Log),
        Err(wrong) => Err(NotEndorsed::Signature(wrong)),
    }
}
