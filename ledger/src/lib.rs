//! The signature log: what the agent signed, in order, durable before release.
//!
//! It holds append, recovery, reading, searching and verifying of one C2SP tlog-tiles log in one directory, and the C2SP
//! formats by which others are told of it and verify it: notes, keys, checkpoints, cosignatures, proofs. It signs nothing.
//! It trusts the file system to keep what fdatasync accepted, and nothing else: stored bytes are what is hashed.
//! It opens no socket, knows no token, and spawns two plain threads (writer and sealer). One process writes.
//! The format is written down for auditors in docs/log-format.md.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bundle;
mod bundle_files;
mod compact_range;
mod dir;
mod durable_entry;
mod entry;
mod error;
mod frame;
mod hash;
mod kind;
mod layout;
mod lifecycle_index;
mod lock;
mod log;
mod note;
mod partial_tiles;
mod path;
mod policy;
mod proof;
mod publication;
mod queue;
mod reader;
mod receipt;
mod recovery;
mod reserve;
mod rewrite;
mod right_edge;
mod seal_progress;
mod sealed;
mod sealer;
mod text;
mod threads;
mod tile;
mod tile_tree;
mod timestamp;
mod tree;
mod tree_head;
mod verify;
mod writer;

pub use durable_entry::DurableEntry;
pub use entry::{Caller, Entry};
pub use error::Error;
pub use frame::{Frame, Frames, Tail};
pub use hash::{Hash, Root, hex, leaf_hash};
pub use jiff::Timestamp;
pub use kind::Kind;
pub use log::Ledger;
pub use note::{
    AddCheckpoint, BadAddCheckpoint, BadCheckpoint, BadNote, BadSignature, BadSignedCheckpoint, BadVkey,
    Checkpoint, KeyId, MAX_ADD_CHECKPOINT_BYTES, MAX_NOTE_BYTES, MAX_ORIGIN_BYTES, MAX_SIGNATURES,
    MAX_WITNESS_PROOF, Note, Signature, SignatureType, SignedCheckpoint, Signer, Unverified, Vkey,
    cosignature_message, subtree_message,
};
pub use path::{BadPath, MAX_PATH_BYTES, TilePath};
pub use policy::{BadPolicy, Endorsed, Log, MAX_POLICY_BYTES, NotEndorsed, Policy, Witness, by_log};
pub use queue::MAX_QUEUED;
pub use reader::Reader;
pub use receipt::{BadReceipt, MAX_RECEIPT_BYTES, Receipt};
pub use recovery::Recovered;
pub use reserve::RESERVE_BYTES;
pub use right_edge::Growth;
pub use text::{MAX_AUD_BYTES, MAX_REASON_BYTES, MAX_TEXT_BYTES, cut};
pub use tree::Tree;
pub use tree_head::{BadProof, MAX_PROOF_HASHES, TreeHead};
pub use verify::{Damage, Found as FoundCheckpoint, Report, verify, verify_with_heads};

/// Entries in a full bundle, and hashes in a full tile (C2SP tlog-tiles).
pub const WIDTH: u16 = 256;
