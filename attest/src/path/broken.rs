//! Why there is no valid path, and which verdict follows.

use crate::{Named, Sha256, SignatureFault, Verdict};

/// What is in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Nobody of the issuer's name signed it.
    #[error("{} says that {} signed it, and the signature does not verify", Named(.of), Named(.by))]
    Signature {
        /// Whose signature.
        of: String,
        /// Who should have made it.
        by: String,
    },
    /// The scheme is not accepted.
    #[error("{}: {fault}", Named(.of))]
    Algorithm {
        /// Whose signature.
        of: String,
        /// Why.
        fault: SignatureFault,
    },
    /// A certificate bears an anchor's name and is not it.
    #[error("{} bears the name of an anchor and is not that anchor (SHA-256 {sha256})", Named(.name))]
    LookAlike {
        /// The anchor's name.
        name: String,
        /// The digest of what is not the anchor.
        sha256: Sha256,
    },
    /// An issuer is not allowed to issue.
    #[error("{} issued a certificate, and is no CA", Named(.name))]
    NotCa {
        /// The issuer.
        name: String,
    },
    /// An issuer may not have so many CAs below it.
    #[error("{} has more CAs below it than its path length allows", Named(.name))]
    PathLength {
        /// The issuer.
        name: String,
    },
    /// An issuer's key is not for certificates.
    #[error("the key of {} is not for signing certificates", Named(.name))]
    KeyUsage {
        /// The issuer.
        name: String,
    },
    /// An extension that must be understood is not.
    #[error("{} has a critical extension that is not understood: {oid}", Named(.name))]
    Critical {
        /// The certificate.
        name: String,
        /// The extension.
        oid: String,
    },
    /// An extension holds what it must not.
    #[error("{} has an extension that cannot be read: {oid}", Named(.name))]
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
    #[error("{} was issued by {}, whose certificate is missing; add it with --intermediate, or with --root if you trust it", Named(.of), Named(.issuer))]
    NoIssuer {
        /// The last certificate.
        of: String,
        /// Who issued it.
        issuer: String,
    },
    /// The root is not trusted.
    #[error("the path ends at {} (SHA-256 {sha256}), which is no anchor; if you trust it, give it with --root", Named(.name))]
    Untrusted {
        /// The root.
        name: String,
        /// Its digest.
        sha256: Sha256,
    },
    /// Too late.
    #[error("{} expired on {date}", Named(.name))]
    Expired {
        /// The certificate.
        name: String,
        /// Its last moment.
        date: String,
    },
    /// Too early.
    #[error("{} is valid from {date} only", Named(.name))]
    NotYetValid {
        /// The certificate.
        name: String,
        /// Its first moment.
        date: String,
    },
    /// The search was given up at its depth.
    #[error("a path has at most {} certificates below its root, and this one goes on", super::MAX_DEPTH)]
    TooLong,
    /// The search was given up for its work.
    #[error(
        "so many certificates bear one name that {} signatures were verified without an end; give fewer",
        super::MAX_SIGNATURES
    )]
    TooMany,
}

impl Broken {
    /// What disagrees contradicts; what is missing, over, or beyond what can be judged here leaves the key unattested.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Algorithm { .. }
            | Self::Critical { .. }
            | Self::NoIssuer { .. }
            | Self::Untrusted { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::TooLong
            | Self::TooMany => Verdict::Unattested,
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
            Self::TooLong | Self::TooMany => "path-too-long",
        }
    }
}
