//! The rig of the integration tests: a whole installation in a temporary folder, with the real binaries and a real
//! SoftHSM2 token.
//!
//! Nothing here is a mock. The binaries are those beside the test program, or those in `KUNCI_BIN_DIR`; a missing
//! binary or module fails loudly.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod agent;
pub mod always;
pub mod audit;
pub mod beats;
pub mod bridge;
pub mod caller;
pub mod cgroup;
pub mod checkpoint;
pub mod clock;
pub mod container;
pub mod daemon;
pub mod disk;
pub mod documented;
pub mod faults;
pub mod hand;
pub mod http;
pub mod imports;
pub mod init;
pub mod inside;
pub mod installed;
pub mod judge;
pub mod kryoptic;
pub mod liar;
pub mod load;
pub mod namespace;
pub mod openssl;
pub mod pcsc;
pub mod piv;
pub mod program;
pub mod remedy;
pub mod rig;
pub mod second;
pub mod session;
pub mod softhsm;
pub mod stage;
pub mod strace;
pub mod tls;
pub mod tpm;
pub mod wait;
pub mod wire;
pub mod witness;
pub mod yubikey;

pub use agent::Agent;
pub use caller::Caller;
pub use http::Reply;
pub use load::Load;
pub use pcsc::Pcsc;
pub use rig::Rig;
pub use tpm::Tpm;
pub use yubikey::YubiKey;
