//! Trust anchors: compiled in, each pinned by the SHA-256 of its DER, or given by the caller for one question.
//!
//! Where only the digest is known, the evidence must carry the certificate; the digest alone makes it the anchor.

mod table;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::item::{Malformed, certificates};
use crate::name::Prepared;
use crate::{Certificate, Kind, RootName, Sha256, pem};

/// Where a path may end, or an intermediate that is known by heart.
#[derive(Clone, Debug)]
pub struct Anchor {
    name: String,
    called: Prepared,
    sha256: Sha256,
    certificate: Option<Certificate>,
    kinds: &'static [Kind],
    role: Role,
    given: bool,
}

/// What an anchor is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A maker's: a path to it proves.
    Root,
    /// Known by heart or given to complete paths; it ends none.
    Intermediate,
    /// An owner's of devices: it says whose they are.
    Owner,
}

impl Role {
    /// The word in lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Owner => "owner",
        }
    }
}

/// All compiled-in certificates. One whose bytes are not the pinned ones is none.
pub fn anchors() -> &'static [Anchor] {
    static ALL: LazyLock<Vec<Anchor>> =
        LazyLock::new(|| table::PINS.iter().filter_map(Anchor::pinned).collect());
    &ALL
}

impl Anchor {
    fn pinned(pin: &table::Pin) -> Option<Self> {
        let sha256 = Sha256(pin.sha256);
        let certificate = match pin.pem {
            Some(text) => Some(decode(text).filter(|certificate| certificate.sha256() == sha256)?),
            None => None,
        };
        let (name, called, kinds) = (pin.name.to_owned(), Prepared::of_text(pin.name), pin.kinds);
        Some(Self { name, called, sha256, certificate, kinds, role: pin.role, given: false })
    }

    /// Anchors from a file of certificates, for one question. One that did not issue itself is no root: nobody's signature
    /// on it is ever verified, so it only helps to complete paths.
    pub fn given(bytes: &[u8]) -> Result<Vec<Self>, Malformed> {
        Ok(certificates(bytes)?.into_iter().map(Self::of).collect())
    }

    /// The same from a file of TPM makers' roots: they vouch for TPMs and for nothing else.
    pub fn of_tpm_makers(bytes: &[u8]) -> Result<Vec<Self>, Malformed> {
        let for_tpms = |root: Self| Self { kinds: &[Kind::Tpm2], ..root };
        Ok(Self::given(bytes)?.into_iter().map(for_tpms).collect())
    }

    fn of(certificate: Certificate) -> Self {
        let (name, sha256) = (certificate.name(), certificate.sha256());
        let role = if certificate.is_self_issued() { Role::Root } else { Role::Intermediate };
        let called = Prepared::of_text(&name);
        Self { name, called, sha256, certificate: Some(certificate), kinds: &[], role, given: true }
    }

    #[cfg(test)]
    pub(crate) fn forged(certificate: Certificate, kinds: &'static [Kind]) -> Self {
        Self { kinds, given: false, ..Self::of(certificate) }
    }

    #[cfg(test)]
    pub(crate) fn owner(certificate: Certificate) -> Self {
        Self { role: Role::Owner, ..Self::of(certificate) }
    }

    /// Its common name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of its DER.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Which kinds of evidence it is for; none for one that was given for whatever is asked.
    pub fn kinds(&self) -> &'static [Kind] {
        self.kinds
    }

    /// Whether it may end a path of this kind: whoever gave an anchor gave it for the question at hand, unless for a kind.
    pub fn vouches_for(&self, kind: Kind) -> bool {
        let for_any = self.given && self.kinds.is_empty();
        self.role == Role::Root && (for_any || self.kinds.contains(&kind))
    }

    /// What it is good for.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the caller gave it.
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// Whether its certificate is compiled in.
    pub fn is_held(&self) -> bool {
        self.certificate.is_some()
    }

    /// Its certificate: compiled in, given, or found in `pool` by its digest.
    pub fn certificate<'a>(&'a self, pool: &'a [Certificate]) -> Option<&'a Certificate> {
        self.certificate.as_ref().or_else(|| pool.iter().find(|found| found.sha256() == self.sha256))
    }

    /// Whether a certificate bears its name and is another.
    pub fn is_imitated_by(&self, other: &Certificate) -> bool {
        other.is_called(self.called) && other.sha256() != self.sha256
    }

    /// Its name and digest, for a report.
    pub fn root_name(&self) -> RootName {
        RootName { name: self.name.clone(), sha256: self.sha256, given: self.given }
    }
}

fn decode(text: &str) -> Option<Certificate> {
    let blocks = pem::blocks(text).ok()?;
    Certificate::from_der(&blocks.first()?.der).ok()
}
