//! What travels on a lane between front and host: one request after the other, in typed fields, at most 16 KiB.
//!
//! One lane is one `SOCK_SEQPACKET` socket, one thread of the host and one session on the token. The front asks, the
//! host answers; nothing on a lane is bytes or a digest to sign. Frames are postcard (its wire format, version 1).

mod fault;
mod report;

use hsm_config::Name;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use fault::Fault;
pub use report::{Attestation, Attributes, KeyReport, MAX_LABEL, TokenReport};

use crate::message::Checkpoint;
use crate::{KeyId, KeyRef, Message};

/// The longest question that a host reads, in bytes.
pub const MAX_ASK: usize = 16 * 1024;
/// The longest answer that a front reads, in bytes.
pub const MAX_ANSWER: usize = crate::seqpacket::MAX_FRAME;

/// How many keys one answer tells of: so many that any of them fit into [`MAX_ANSWER`].
pub const SURVEY_KEYS: usize = 48;

/// How much an answer tells of one key's certificates, in bytes, so that they fit into [`MAX_ANSWER`]: Kunci stores one, a kill
/// may leave two, and others may have put theirs there.
pub const MAX_CERTIFICATES: usize = 48 * 1024;

/// One question of the front's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Repeated in the answer, so that a late answer is never taken for another's.
    pub id: u64,
    /// What to do.
    pub work: Work,
}

/// What a host can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// Compose the message again and sign it with the connector's pinned key.
    Sign {
        /// Whose key; the host knows the connector's algorithm and label from the configuration.
        connector: Name,
        /// The pin; another key is refused.
        key: KeyRef,
        /// The typed message.
        message: Message,
    },
    /// Describe the token and the keys that carry a label of Kunci's: [`SURVEY_KEYS`] of them, or the last.
    Survey {
        /// How many of them to pass over.
        from: u32,
    },
    /// Describe the token and the keys that carry the connector's label, in the same portions: one search, where a survey
    /// reads every key of every connector.
    Search {
        /// Whose.
        connector: Name,
        /// How many of them to pass over.
        from: u32,
    },
    /// A fresh identifier for a key of the connector's that is about to be made.
    Identify {
        /// Whose.
        connector: Name,
    },
    /// Generate the connector's key with this identifier, and read its attributes back.
    Generate {
        /// Whose key; type and label follow from the configuration.
        connector: Name,
        /// The fresh `CKA_ID`.
        id: KeyId,
    },
    /// Store a certificate beside the key that it certifies; refused when the keys differ.
    StoreCertificate {
        /// The pinned key.
        key: KeyRef,
        /// DER.
        certificate: Vec<u8>,
        /// The label of the object.
        connector: Name,
    },
    /// Read the certificates of a key that are stored beside it.
    Certificates {
        /// The pinned key.
        key: KeyRef,
    },
    /// Sign and judge a probe; the signature never leaves the host.
    Probe {
        /// Whose key.
        connector: Name,
        /// The pinned key.
        key: KeyRef,
    },
    /// Fetch what the maker says of the key's birth.
    Attest {
        /// Whose key.
        connector: Name,
        /// The pinned key.
        key: KeyRef,
    },
    /// Initialise a blank token by the configuration's URI and PIN sources (`kunci token init`).
    Initialise,
    /// Something with the ledger's own key.
    Ledger(LedgerWork),
}

/// What a host can be asked to do with the ledger's own key, whose label no connector's key has. It signs checkpoints and nothing
/// else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LedgerWork {
    /// Describe the token and the keys that carry the ledger's label, in the portions of a survey.
    Search {
        /// How many of them to pass over.
        from: u32,
    },
    /// A fresh identifier for a key that is about to be made.
    Identify,
    /// Generate the ledger's key with this identifier: Ed25519 where the token has it, else P-256. It is read back and tried,
    /// and the supervisor knows it before this is answered.
    Generate {
        /// The fresh `CKA_ID`.
        id: KeyId,
    },
    /// Compose the checkpoint again and sign it, if it goes on from the last one that was signed.
    Sign {
        /// The pinned key.
        key: KeyRef,
        /// The typed message.
        checkpoint: Checkpoint,
    },
}

/// The host's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's.
    pub id: u64,
    /// What came of it.
    pub outcome: Result<Done, Fault>,
}

/// What a host did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// RSA signature octets, or r ‖ s.
    Signature(Vec<u8>),
    /// The token and the keys that Kunci labelled on it; as many as [`SURVEY_KEYS`] when there may be more.
    Survey(TokenReport, Vec<KeyReport>),
    /// The key that was just generated.
    Generated(KeyReport),
    /// Certificates of the key, DER, the newest first.
    Certificates(Vec<Vec<u8>>),
    /// Done, with nothing to say.
    Nothing,
    /// The token as it is after initialising.
    Token(TokenReport),
    /// An identifier that no key has yet.
    Identifier(KeyId),
    /// The maker's statement; none where this kind of token makes none.
    Attestation(Option<Attestation>),
}

/// Encodes a frame.
pub fn encode(frame: &impl Serialize) -> Result<Vec<u8>, Fault> {
    postcard::to_stdvec(frame).map_err(|_| Fault::Protocol)
}

/// Decodes a frame that was read whole; trailing bytes are an error.
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, Fault> {
    match postcard::take_from_bytes(frame) {
        Ok((value, [])) => Ok(value),
        _ => Err(Fault::Protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sha256;
    use crate::message::Probe;
    use proptest::prelude::*;

    fn ask() -> Ask {
        let key = KeyRef { id: KeyId([1; 16]), spki_sha256: Sha256([2; 32]) };
        let message = Message::Probe(Probe { nonce: [3; 32] });
        Ask { id: 300, work: Work::Sign { connector: "de".parse().unwrap(), key, message } }
    }

    #[test]
    fn a_frame_with_bytes_left_over_or_cut_is_refused() {
        let mut frame = encode(&ask()).unwrap();
        assert_eq!(decode::<Ask>(&frame), Ok(ask()));
        assert_eq!(decode::<Ask>(&frame[..frame.len() - 1]), Err(Fault::Protocol));
        frame.push(0);
        assert_eq!(decode::<Ask>(&frame), Err(Fault::Protocol));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = (decode::<Ask>(&bytes), decode::<Answer>(&bytes));
        }

        #[test]
        fn a_damaged_frame_is_another_question_or_none(at in 0usize..80, to in any::<u8>()) {
            let mut frame = encode(&ask()).unwrap();
            let at = at % frame.len();
            prop_assume!(frame[at] != to);
            frame[at] = to;
            prop_assert_ne!(decode::<Ask>(&frame), Ok(ask()));
        }
    }
}
