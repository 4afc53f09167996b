//! What supervisor and host say to each other over the host's control socket (descriptor 0 of the host).
//!
//! The supervisor keeps the PIN latch, so that a host needs no file of ours: before every C_Login the host reports
//! the attempt and waits for the word; so it does before C_InitToken. Frames are JSON; descriptors ride along (lanes, an unlock connection).
//! A host leaves when its orders end: there is no word for it, so that a supervisor that is gone has said it, too.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use hsm_config::{Algorithm, Flaw, KeyType, Name, PinIdentity};
use rustix::net::{RecvFlags, SendFlags};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::message::TreeHead;
use crate::{Sha256, seqpacket};

/// The longest text of a host's that is kept, shown and passed on, in bytes; the rest is cut.
pub const MAX_TEXT_BYTES: usize = 512;

/// The supervisor's words to a host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The first frame: what this host serves. Descriptors: [`HostConfig`], [`memfd`](crate::memfd); the
    /// [`Board`](crate::writes::Board) of its calls; and a lock that it holds as long as it lives, so that no other host is
    /// started for its token. A host does without the last two.
    Start,
    /// New lanes, one descriptor each; old ones end when the front closes them.
    Lanes,
    /// The answer to [`Report::Attempt`]: the attempt is durable, log in.
    LogIn,
    /// The answer to [`Report::Attempt`]: the latch is shut, do not log in.
    Latched(String),
    /// A client of `unlock.sock` (one descriptor), unread.
    Unlock,
    /// The latch was cleared: try the PIN source again.
    Retry,
    /// The answer to [`Report::Checkpoint`] and [`Report::LedgerKey`]: it is durable, or why it is refused.
    Ruled {
        /// The question's.
        number: u64,
        /// Why nothing is signed.
        refusal: Option<String>,
    },
}

/// A host's words to the supervisor.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The host's state changed.
    State(HostState),
    /// About to log in to the token with this serial and a PIN from this source, or to initialise it.
    Attempt {
        /// The token's serial number; of a blank token that has none, its slot's description.
        serial: String,
        /// Where the PIN comes from.
        source: PinOrigin,
    },
    /// The token waits for a person's touch, or does not wait any more.
    Touch(bool),
    /// About to sign a checkpoint, which was found to go on from `last`.
    Checkpoint {
        /// Repeated in the answer.
        number: u64,
        /// The key's SHA-256 of the SubjectPublicKeyInfo.
        key: Sha256,
        /// What was signed last, as the front says.
        last: TreeHead,
        /// What is to be signed.
        next: TreeHead,
    },
    /// A key was made that is to sign checkpoints from now on.
    LedgerKey {
        /// Repeated in the answer.
        number: u64,
        /// SHA-256 of its SubjectPublicKeyInfo.
        key: Sha256,
    },
    /// What C_Login or C_InitToken said.
    Outcome {
        /// The attempt's.
        serial: String,
        /// What came of the attempt.
        outcome: LoginOutcome,
    },
}

/// Where a PIN came from; never anything computed from the PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinOrigin {
    /// A credential or file, by inode and modification time.
    Source(PinIdentity),
    /// A person at `kunci token unlock`.
    Prompt,
    /// The security officer's credential or file, for `kunci token init`.
    Officer(PinIdentity),
}

/// What C_Login or C_InitToken said of a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginOutcome {
    /// CKR_OK.
    Accepted,
    /// CKR_PIN_INCORRECT, CKR_PIN_EXPIRED, CKR_PIN_LOCKED, CKR_PIN_LEN_RANGE or CKR_PIN_INVALID.
    Refused(String),
    /// The PIN never reached the token: the host leaves, or the card is not there.
    NotGiven(String),
    /// The call failed before any PIN is looked at, so no try of the PIN was spent.
    NotJudged(String),
    /// The call failed in a way that does not tell whether a try was spent.
    Unclear(String),
}

/// A host's state, as `kunci status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostState {
    /// Loading the module, looking for the token, logging in.
    Starting,
    /// The token is not there, or the wrong one is.
    Missing(String),
    /// Waiting for `kunci token unlock`.
    Locked,
    /// Waiting for an operator to clear the latch.
    Latched(String),
    /// The PIN source cannot be used.
    NoPin(String),
    /// The token is there and is not served: it has factory secrets.
    Refused(String),
    /// Serving.
    Ready {
        /// The token's serial number.
        serial: String,
    },
    /// The module does not load or initialise.
    Failed(String),
}

/// What one host serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostConfig {
    /// The token's name.
    pub name: Name,
    /// Its configuration.
    pub token: hsm_config::Token,
    /// The connectors with a key on it.
    pub uses: Vec<Use>,
    /// What it has to do with the ledger.
    #[serde(default)]
    pub ledger: LedgerUse,
    /// The token that was served last under this name, also by an agent of before.
    #[serde(default)]
    pub known: Option<Known>,
}

/// What a host knows of the ledger's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerUse {
    /// The origin of the checkpoints that are signed on this token; none where the ledger's key is on another.
    pub origin: Option<String>,
    /// Every key that ever was the ledger's, by SHA-256 of its SubjectPublicKeyInfo, wherever it is.
    pub keys: Vec<Sha256>,
}

/// A token that was there: what is said of it once it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its serial number.
    pub serial: String,
    /// When it was there.
    pub seen: Seen,
    /// What may have damaged it since, in words.
    #[serde(default)]
    pub doubt: Option<String>,
}

/// When a token was there for certain, RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// When a host of this agent's last saw it.
    Last(String),
    /// When it last took its user's PIN, which is all that an agent of before left on record.
    LoggedIn(String),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(at) => write!(f, "last seen at {at}"),
            Self::LoggedIn(at) => write!(f, "last logged in to at {at}"),
        }
    }
}

/// One connector's key on a token: one key, one use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The connector.
    pub connector: Name,
    /// The type of its key.
    pub key: KeyType,
    /// The algorithm of its assertions and proofs.
    pub algorithm: Algorithm,
    /// What the configuration excuses of it, besides what it excuses of the token.
    #[serde(default)]
    pub exceptions: Vec<Flaw>,
}

impl Use {
    /// `CKA_LABEL` of the key and its certificate.
    pub fn label(&self) -> String {
        label(&self.connector)
    }
}

/// How long the supervisor may take to make durable what it allows of the ledger's key, and so how long a host waits for that.
pub const RULING_LIMIT: Duration = Duration::from_secs(5);

/// `CKA_LABEL` of the ledger's key. No connector's label is like it, whatever the connector's name.
pub const LEDGER_LABEL: &str = "kunci-ledger";

/// `CKA_LABEL` of a connector's keys and certificates.
pub fn label(connector: &Name) -> String {
    format!("kunci:{connector}")
}

/// Sends one control frame.
pub fn send(socket: impl AsFd, frame: &impl Serialize, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    seqpacket::send(socket, &serde_json::to_vec(frame)?, fds, SendFlags::empty())
}

/// Receives one control frame and its descriptors; `None` when the other side is gone.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let (mut buffer, mut fds) = (vec![0; seqpacket::MAX_FRAME], Vec::new());
    match seqpacket::receive(socket, &mut buffer, &mut fds, RecvFlags::empty())? {
        [] => Ok(None),
        frame => Ok(Some((serde_json::from_slice(frame)?, fds))),
    }
}
