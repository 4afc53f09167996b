//! `kunci log consistency`: the proof that a log only grew from one size to another, for whoever has both checkpoints.

use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use ledger::{Reader, SignedCheckpoint, TreeHead};
use serde_json::json;

use super::{Place, trust, unreadable};
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// From where to where.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The earlier checkpoint's file, or a number of entries
    old: At,
    /// The later one
    new: At,
    #[command(flatten)]
    place: Place,
}

/// A size of the log.
#[derive(Clone, Debug)]
enum At {
    Size(u64),
    Checkpoint(PathBuf),
}

impl FromStr for At {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Checkpoint(text.into()), Self::Size))
    }
}

pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    let (old, new) = (arguments.old.read()?, arguments.new.read()?);
    let reader = arguments.place.open(paths)?;
    let (old, new) = (old.of(&reader)?, new.of(&reader)?);
    if old.size > new.size {
        let title = format!("The earlier size, {}, is larger than the later one, {}", old.size, new.size);
        return Err(Failure::usage("usage", title, "Give the smaller one first."));
    }
    let proof = reader.consistency(old.size, new.size).map_err(unreadable)?;
    new.verify_consistency(&old, &proof).map_err(|bad| {
        let title = format!("The log's tiles do not agree with its entries: {bad}");
        Failure::finding(
            "log-damaged",
            title,
            "`kunci log verify` names all damage; keep the folder as it is.",
        )
    })?;
    let lines: Vec<String> = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
    if print.json {
        print.json(json!({ "old": old, "new": new, "proof": lines }).to_string().as_bytes())?;
        return Ok(Exit::Yes);
    }
    print.lines(lines)?;
    print.note(&format!("The first {} entries are the beginning of the first {}.", old.size, new.size));
    Ok(Exit::Yes)
}

/// What is asked for, before the log is looked at.
enum Asked {
    Size(u64),
    Kept(Box<SignedCheckpoint>),
}

impl At {
    fn read(&self) -> Result<Asked, Failure> {
        match self {
            Self::Size(size) => Ok(Asked::Size(*size)),
            Self::Checkpoint(path) => trust::checkpoint(path).map(|signed| Asked::Kept(Box::new(signed))),
        }
    }
}

impl Asked {
    /// The log at that size, which must be what the checkpoint says.
    fn of(&self, reader: &Reader) -> Result<TreeHead, Failure> {
        let size = match self {
            Self::Size(size) => *size,
            Self::Kept(signed) => signed.head().size,
        };
        let has = reader.size().map_err(unreadable)?;
        let (log, kept) = match self {
            _ if size > has => return Err(differs(&format!("it has {has} entries, and not {size}"))),
            Self::Size(_) => return reader.head_at(size).map_err(unreadable),
            Self::Kept(signed) => (reader.head_at(size).map_err(unreadable)?, signed.head()),
        };
        match log == kept {
            true => Ok(log),
            false => Err(differs(&format!(
                "its first {size} entries have the root {}, and the checkpoint says {}",
                log.root.base64(),
                kept.root.base64()
            ))),
        }
    }
}

fn differs(why: &str) -> Failure {
    let title = format!("The log is not the one that is asked about: {why}");
    Failure::finding(
        "checkpoint-differs",
        title,
        "Keep the folder as it is, and find out which copy is the true one.",
    )
}
