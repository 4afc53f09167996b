//! What a public key is for: RSA and its size, a curve, or something else.

use std::fmt;

use x509_cert::spki::ObjectIdentifier;

/// The NIST curves (FIPS 186-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// The algorithm of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA; its modulus has so many bits.
    Rsa(usize),
    /// A point on a NIST curve.
    Ec(Curve),
    /// RFC 8410.
    Ed25519,
    /// RFC 8410; signs nothing.
    X25519,
    /// A curve or algorithm that signs nothing here.
    Other(ObjectIdentifier),
}

/// What others are called. Their signatures are not judged here.
const KNOWN: [(&str, &str); 12] = [
    ("1.3.132.0.10", "EC secp256k1"),
    ("1.2.840.10045.3.1.1", "EC P-192"),
    ("1.3.132.0.33", "EC P-224"),
    ("1.3.36.3.3.2.8.1.1.7", "EC brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "EC brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "EC brainpoolP512r1"),
    ("1.2.156.10197.1.301", "EC SM2"),
    ("1.2.840.10045.2.1", "EC with parameters of its own"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.113549.1.1.10", "RSA for PSS"),
    ("1.3.101.113", "Ed448"),
    ("1.3.101.111", "X448"),
];

impl Curve {
    /// How long a coordinate is, in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        })
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::X25519 => f.write_str("X25519"),
            Self::Other(oid) => match KNOWN.iter().find(|(known, _)| *known == oid.to_string()) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "of an algorithm or curve that is not known here ({oid})"),
            },
        }
    }
}
