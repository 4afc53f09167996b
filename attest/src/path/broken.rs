//! Why there is no valid path, and which verdict follows.

use crate::{Sha256, SignatureFault, Verdict};

/// What is in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Nobody of the issuer's name signed it.
    #[error("\"{of}\" says that \"{by}\" signed it, and the signature does not verify")]
    Signature {
        /// Whose signature.
        of: String,
        /// Who should have made it.
        by: String,
    },
    /// The scheme is not accepted.
    #[error("\"{of}\": {fault}")]
    Algorithm {
        /// Whose signature.
        of: String,
        /// Why.
        fault: SignatureFault,
    },
    /// A certificate bears an anchor's name and is not it.
    #[error("\"{name}\" bears the name of an anchor and is not that anchor (SHA-256 {sha256})")]
    LookAlike {
        /// The anchor's name.
        name: String,
        /// The digest of what is not the anchor.
        sha256: Sha256,
    },
    /// An issuer is not allowed to issue.
    #[error("\"{name}\" issued a certificate, and is no CA")]
    NotCa {
        /// The issuer.
        name: String,
    },
    /// An issuer may not have so many CAs below it.
    #[error("\"{name}\" has more CAs below it than its path length allows")]
    PathLength {
        /// The issuer.
        name: String,
    },
    /// An issuer's key is not for certificates.
    #[error("the key of \"{name}\" is not for signing certificates")]
    KeyUsage {
        /// The issuer.
        name: String,
    },
    /// An extension that must be understood is not.
    #[error("\"{name}\" has a critical extension that is not understood: {oid}")]
    Critical {
        /// The certificate.
        name: String,
        /// The extension.
        oid: String,
    },
    /// An extension holds what it must not.
    #[error("\"{name}\" has an extension that cannot be read: {oid}")]
    Extension {
        /// The certificate.
        name: String,
        /// The extension.
        oid: String,
    },
    /// The path is of another product, or of another shape than the maker's.
    #[error("{0}")]
    Profile(String),
    /// The issuer is missing.
    #[error(
        "\"{of}\" was issued by \"{issuer}\", whose certificate is missing; add it with --intermediate, or with --root if you trust it"
    )]
    NoIssuer {
        /// The last certificate.
        of: String,
        /// Who issued it.
        issuer: String,
    },
    /// The root is not trusted.
    #[error(
        "the path ends at \"{name}\" (SHA-256 {sha256}), which is no anchor; if you trust it, give it with --root"
    )]
    Untrusted {
        /// The root.
        name: String,
        /// Its digest.
        sha256: Sha256,
    },
    /// Too late.
    #[error("\"{name}\" expired on {date}")]
    Expired {
        /// The certificate.
        name: String,
        /// Its last moment.
        date: String,
    },
    /// Too early.
    #[error("\"{name}\" is valid from {date} only")]
    NotYetValid {
        /// The certificate.
        name: String,
        /// Its first moment.
        date: String,
    },
    /// The search was given up.
    #[error("there are more certificates than a path can have")]
    TooLong,
}

impl Broken {
    /// What disagrees contradicts; what is missing, or over, leaves the key unattested.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Algorithm { .. }
            | Self::NoIssuer { .. }
            | Self::Untrusted { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::TooLong => Verdict::Unattested,
            _ => Verdict::Contradicted,
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signature { .. } => "signature-mismatch",
            Self::Algorithm { .. } => "signature-algorithm",
            Self::LookAlike { .. } => "lookalike-root",
            Self::NotCa { .. } => "not-a-ca",
            Self::PathLength { .. } => "path-length",
            Self::KeyUsage { .. } => "key-usage",
            Self::Critical { .. } => "critical-extension",
            Self::Extension { .. } => "unreadable-extension",
            Self::Profile(_) => "wrong-path",
            Self::NoIssuer { .. } => "no-issuer",
            Self::Untrusted { .. } => "untrusted-root",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::TooLong => "path-too-long",
        }
    }
}
