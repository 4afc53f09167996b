//! What a witness signs (C2SP tlog-cosignature v1.0.1): that it saw a log only grow, up to this checkpoint, at this time.
//!
//! Ed25519 signs the checkpoint's whole text behind a line with the time. ML-DSA-44 signs a structure that names the witness,
//! the log, size and root: extension lines of the checkpoint are not in it.

use super::checkpoint::Checkpoint;
use crate::TreeHead;

/// What tells such a message from all others.
const SUBTREE: &[u8; 12] = b"subtree/v1\n\0";

/// What a witness's Ed25519 key (type 0x04) signs of a checkpoint's text.
pub fn cosignature_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// What a witness's ML-DSA-44 key (type 0x06) signs of a log's head. Nothing where a name is longer than 255 bytes.
pub fn subtree_message(cosigner: &str, time: u64, origin: &str, head: &TreeHead) -> Option<Vec<u8>> {
    let mut message = SUBTREE.to_vec();
    prefixed(cosigner, &mut message)?;
    message.extend(time.to_be_bytes());
    prefixed(origin, &mut message)?;
    // A checkpoint is of the tree from its first leaf.
    message.extend(0u64.to_be_bytes());
    message.extend(head.size.to_be_bytes());
    message.extend(head.root.0);
    Some(message)
}

/// As [`subtree_message`], of a checkpoint's text.
pub(super) fn message_of(cosigner: &str, time: u64, text: &str) -> Option<Vec<u8>> {
    let checkpoint = Checkpoint::parse(text).ok()?;
    subtree_message(cosigner, time, checkpoint.origin(), &checkpoint.head())
}

fn prefixed(text: &str, message: &mut Vec<u8>) -> Option<()> {
    message.push(u8::try_from(text.len()).ok()?);
    message.extend(text.as_bytes());
    Some(())
}
