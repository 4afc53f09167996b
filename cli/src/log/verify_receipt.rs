//! `kunci log verify-receipt`: the other end of a receipt. It needs no log: whom it believes is a key or a policy.
//!
//! For an assertion, the entry is what the receipt holds as `extra`: its hash is what is proven, and its digest has to be
//! the assertion's.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use ledger::{Entry, Kind, MAX_RECEIPT_BYTES, Receipt, hex, leaf_hash};
use quoted::{Plain, Quoted};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{page, trust};
use crate::bounded;
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// The longest entry, in bytes, and the newline that a file ends with.
const MAX_ENTRY_BYTES: usize = 65_536;
/// The longest assertion, in bytes.
const MAX_ASSERTION_BYTES: usize = 64 << 10;

/// Which receipt, of what, and whom to believe.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("of").required(true),
    override_usage = "kunci log verify-receipt [OPTIONS] --entry <FILE> <RECEIPT>\n       \
                      kunci log verify-receipt [OPTIONS] --assertion <FILE> <RECEIPT>"
)]
pub(crate) struct Arguments {
    /// The receipt (C2SP tlog-proof)
    #[arg(value_name = "RECEIPT")]
    file: PathBuf,
    /// The entry's bytes, as `kunci log show` prints them
    #[arg(long, value_name = "FILE", group = "of")]
    entry: Option<PathBuf>,
    /// The assertion whose entry the receipt holds
    #[arg(long, value_name = "FILE", group = "of")]
    assertion: Option<PathBuf>,
    #[command(flatten)]
    trust: trust::Trusted,
}

pub(super) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    if arguments.trust.is_empty() {
        let title = "A receipt is worth what its signers are: whom to believe is not said";
        return Err(Failure::usage(
            "no-key",
            title,
            "Give the log's key with --vkey, or a policy with --policy.",
        ));
    }
    let trust = arguments.trust.load()?;
    let receipt = read(&arguments.file)?;
    let bytes = match (&arguments.entry, &arguments.assertion) {
        (Some(path), _) => entry(path)?,
        (None, Some(path)) => of_assertion(&receipt, path)?,
        (None, None) => {
            return Err(Failure::usage("usage", "Neither entry nor assertion is given", "Give one."));
        }
    };
    let what = "The receipt's checkpoint is not to be believed";
    let endorsed = trust.endorse(&receipt.checkpoint).map_err(|why| trust::not_endorsed(what, &why))?;
    receipt.verify(&leaf_hash(&bytes)).map_err(|why| {
        let title = format!("The entry is not what the receipt is of: {why}");
        Failure::finding("receipt-differs", title, "Give the entry byte for byte, or a receipt of this one.")
    })?;
    let (origin, head) = (receipt.checkpoint.checkpoint().origin(), receipt.checkpoint.head());
    if print.json {
        let entry: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut body = json!({ "origin": origin, "size": head.size, "root": head.root, "index": receipt.index, "entry": entry });
        if let (Value::Object(fields), Value::Object(who)) = (&mut body, json!(endorsed)) {
            fields.extend(who);
        }
        print.json(body.to_string().as_bytes())?;
        return Ok(Exit::Yes);
    }
    let first = format!("Entry {} of {} is one of its first {}.", receipt.index, Plain(origin), head.size);
    let said = serde_json::from_slice(&bytes).map(|entry: Entry| page::entry(receipt.index, &entry));
    print.lines([first].into_iter().chain(endorsed.lines()).chain(said))?;
    Ok(Exit::Yes)
}

fn read(path: &Path) -> Result<Receipt, Failure> {
    Receipt::parse(&bounded::read(path, MAX_RECEIPT_BYTES)?).map_err(|bad| {
        let title = format!("{} is not a receipt: {bad}", Quoted::path(path));
        Failure::usage("malformed", title, "Give one as c2sp.org/tlog-proof has it, unchanged.")
    })
}

/// An entry never ends with a newline, and a file of one may.
fn entry(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = bounded::read(path, MAX_ENTRY_BYTES)?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok(bytes)
}

/// The entry in the receipt, if it is the intent of this assertion.
fn of_assertion(receipt: &Receipt, path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = bounded::read(path, MAX_ASSERTION_BYTES)?;
    let digest = signing_input(&bytes).map(|input| hex(&Sha256::digest(input))).ok_or_else(|| {
        let title = format!("{} is not an assertion", Quoted::path(path));
        Failure::usage(
            "malformed",
            title,
            "Give the client_assertion as it was sent: three parts with dots between.",
        )
    })?;
    let Some(held) = &receipt.extra else {
        let title = "The receipt does not hold its entry";
        return Err(Failure::usage("no-entry", title, "Give the entry itself with --entry."));
    };
    let entry: Option<Entry> = serde_json::from_slice(held).ok();
    match entry {
        Some(entry) if entry.kind == Kind::Intent && entry.digest.as_ref() == Some(&digest) => {
            Ok(held.clone())
        }
        _ => {
            let title = "The receipt is of another entry than this assertion's";
            Err(Failure::finding(
                "receipt-differs",
                title,
                "Give one of its own log_index: whoever has the log can make it.",
            ))
        }
    }
}

/// What was signed of a JWS in its compact form (RFC 7515 section 5.1).
fn signing_input(bytes: &[u8]) -> Option<&[u8]> {
    let text = str::from_utf8(bytes).ok()?.trim_end_matches(['\r', '\n']);
    let (input, signature) = text.rsplit_once('.')?;
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let (head, claims) = input.split_once('.')?;
    [head, claims, signature].into_iter().all(is_part).then_some(input.as_bytes())
}
