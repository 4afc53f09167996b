//! Reads a policy, line by line; what is wrong is told with its line.

use std::collections::HashMap;

use super::{Group, Log, MAX_NAMED, MAX_POLICY_BYTES, Member, Policy, Quorum, Witness};
use crate::{BadVkey, MAX_SIGNATURES, SignatureType, Vkey};

/// The most cosignatures that can stand beside the signature of the log.
const MAX_COSIGNATURES: usize = MAX_SIGNATURES - 1;

/// The name that no quorum has.
const NONE: &[u8] = b"none";

/// The bytes are no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadPolicy {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Too many bytes, or too many of one kind.
    #[error(
        "it is longer than a policy may be ({MAX_POLICY_BYTES} bytes, {MAX_NAMED} logs, witnesses and groups)"
    )]
    TooMuch,
    /// Control characters.
    #[error("it has a control character; blanks, tabs and newlines are all that is taken")]
    Control,
    /// Another word at its beginning.
    #[error("a line begins with log, witness, group, quorum or #")]
    Keyword,
    /// Too few words, or too many.
    #[error("it has too few words, or too many")]
    Words,
    /// No verifier key.
    #[error("the key is none: {0}")]
    Key(BadVkey),
    /// A key of another kind.
    #[error(
        "this key cannot be used here: a log's signs checkpoints (Ed25519, P-256, ML-DSA-44), a witness's cosigns them"
    )]
    Kind,
    /// One key twice.
    #[error("an earlier line has the same public key")]
    SameKey,
    /// One name twice.
    #[error("an earlier line has this name, or it is the word none")]
    SameName,
    /// No such name.
    #[error("no earlier line has one of these names")]
    Unknown,
    /// One member twice.
    #[error("a group has this member already")]
    Member,
    /// No number from 1 to that of the members.
    #[error("write all, any, or a number from 1 to that of the members")]
    Needed,
    /// Two quorums.
    #[error("an earlier line has the quorum")]
    SecondQuorum,
    /// No quorum.
    #[error("there is no quorum line; write quorum none if none is wanted")]
    NoQuorum,
    /// A quorum that no checkpoint can have.
    #[error("it takes more cosignatures than a checkpoint has room for, which is {MAX_COSIGNATURES}")]
    TooManyNeeded,
    /// Not UTF-8.
    #[error("a key or a URL is not UTF-8")]
    NotUtf8,
}

impl Policy {
    /// Reads a policy.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadPolicy> {
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(BadPolicy { line: 1, why: Why::TooMuch });
        }
        let mut read = Read::default();
        let mut line = 0;
        for text in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n') {
            line += 1;
            read.line(text).map_err(|why| BadPolicy { line, why })?;
        }
        let Read { logs, witnesses, groups, quorum, .. } = read;
        let quorum = quorum.ok_or(BadPolicy { line, why: Why::NoQuorum })?;
        Ok(Self { logs, witnesses, groups, quorum })
    }
}

/// What the lines so far say.
#[derive(Default)]
struct Read {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    names: HashMap<Vec<u8>, Member>,
    /// Those that are in a group.
    members: Vec<Member>,
}

impl Read {
    fn line(&mut self, text: &[u8]) -> Result<(), Why> {
        if text.iter().any(|byte| matches!(byte, 0..=8 | 0x0a..=0x1f | 0x7f)) {
            return Err(Why::Control);
        }
        let words: Vec<&[u8]> =
            text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, rest @ ..] => self.log(key, rest),
            [b"witness", name, key, rest @ ..] => self.witness(name, key, rest),
            [b"group", name, needed, members @ ..] => self.group(name, needed, members),
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => Err(Why::Words),
            _ => Err(Why::Keyword),
        }
    }

    fn log(&mut self, key: &[u8], rest: &[&[u8]]) -> Result<(), Why> {
        let (key, url) = (vkey(key)?, url(rest)?);
        // With a log's own time and text such a key would sign as a witness.
        if key.kind() == SignatureType::CosignatureEd25519 {
            return Err(Why::Kind);
        }
        if self.logs.iter().any(|log| log.key.key() == key.key()) {
            return Err(Why::SameKey);
        }
        bounded(&mut self.logs, Log { key, url })
    }

    fn witness(&mut self, name: &[u8], key: &[u8], rest: &[&[u8]]) -> Result<(), Why> {
        let (key, url) = (vkey(key)?, url(rest)?);
        if !key.kind().is_cosignature() {
            return Err(Why::Kind);
        }
        if self.witnesses.iter().any(|witness| witness.key.key() == key.key()) {
            return Err(Why::SameKey);
        }
        self.name(name, Member::Witness(self.witnesses.len()))?;
        bounded(&mut self.witnesses, Witness { key, url })
    }

    fn group(&mut self, name: &[u8], needed: &[u8], members: &[&[u8]]) -> Result<(), Why> {
        if members.is_empty() {
            return Err(Why::Words);
        }
        let members = members.iter().map(|member| self.member(member)).collect::<Result<Vec<_>, _>>()?;
        let needed = match needed {
            b"all" => members.len(),
            b"any" => 1,
            number => count(number).filter(|k| (1..=members.len()).contains(k)).ok_or(Why::Needed)?,
        };
        self.name(name, Member::Group(self.groups.len()))?;
        bounded(&mut self.groups, Group { needed, members })
    }

    /// A member counts in one place only.
    fn member(&mut self, name: &[u8]) -> Result<Member, Why> {
        let member = *self.names.get(name).ok_or(Why::Unknown)?;
        if self.members.contains(&member) {
            return Err(Why::Member);
        }
        self.members.push(member);
        Ok(member)
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), Why> {
        if self.quorum.is_some() {
            return Err(Why::SecondQuorum);
        }
        self.quorum = Some(match name {
            NONE => Quorum::None,
            name => Quorum::Of(self.possible(*self.names.get(name).ok_or(Why::Unknown)?)?),
        });
        Ok(())
    }

    fn possible(&self, member: Member) -> Result<Member, Why> {
        if self.fewest(member) > MAX_COSIGNATURES { Err(Why::TooManyNeeded) } else { Ok(member) }
    }

    /// How many witnesses it takes at least. Each member is in one group only, so none counts twice.
    fn fewest(&self, member: Member) -> usize {
        let Member::Group(at) = member else { return 1 };
        let Some(group) = self.groups.get(at) else { return 0 };
        let mut fewest: Vec<usize> = group.members.iter().map(|member| self.fewest(*member)).collect();
        fewest.sort_unstable();
        fewest.iter().take(group.needed).sum()
    }

    fn name(&mut self, name: &[u8], of: Member) -> Result<(), Why> {
        if name == NONE || self.names.contains_key(name) {
            return Err(Why::SameName);
        }
        self.names.insert(name.to_vec(), of);
        Ok(())
    }
}

fn bounded<T>(list: &mut Vec<T>, one: T) -> Result<(), Why> {
    list.push(one);
    if list.len() > MAX_NAMED { Err(Why::TooMuch) } else { Ok(()) }
}

fn vkey(word: &[u8]) -> Result<Vkey, Why> {
    str::from_utf8(word).map_err(|_| Why::NotUtf8)?.parse().map_err(Why::Key)
}

fn url(rest: &[&[u8]]) -> Result<Option<String>, Why> {
    match rest {
        [] => Ok(None),
        [url] => String::from_utf8(url.to_vec()).map(Some).map_err(|_| Why::NotUtf8),
        _ => Err(Why::Words),
    }
}

/// A number without a sign or a leading zero.
fn count(word: &[u8]) -> Option<usize> {
    let text = str::from_utf8(word).ok()?;
    let number: usize = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
