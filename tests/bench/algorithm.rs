//! The two signatures that are measured, and what each is called on the token, in the agent and in the figures.

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use serde::Serialize;

/// The length of a SHA-256 digest, and of the salt that RFC 7518 section 3.5 asks for, in bytes.
pub(crate) const DIGEST_BYTES: usize = 32;

/// A signature algorithm of RFC 7518.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub(crate) enum Algorithm {
    /// RSASSA-PSS with SHA-256, here with an RSA-2048 key.
    #[value(name = "PS256")]
    PS256,
    /// ECDSA on P-256 with SHA-256.
    #[value(name = "ES256")]
    ES256,
}

impl Algorithm {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 2] = [Self::PS256, Self::ES256];

    /// As it is written in a JWS header.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
        }
    }

    /// The connector of the bench's configuration that signs so.
    pub(crate) fn connector(self) -> &'static str {
        match self {
            Self::PS256 => "ps",
            Self::ES256 => "es",
        }
    }

    /// How the host asks the token for it: over a digest that the host computed.
    pub(crate) fn mechanism(self) -> Mechanism<'static> {
        match self {
            Self::PS256 => Mechanism::RsaPkcsPss(PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: (DIGEST_BYTES as u64).into(),
            }),
            Self::ES256 => Mechanism::Ecdsa,
        }
    }
}
