//! Path validation (RFC 5280 section 6), strict where it protects and tolerant only of named deviations.
//!
//! From a leaf upwards by name and signature, to an anchor that is known by its digest. Every signature, date, CA flag,
//! path length, key usage and critical extension on the way counts. What a kind of evidence demands or tolerates besides
//! is its `Profile`. The search is bounded in depth and in signatures.

mod broken;
mod deviation;
mod profile;
mod rules;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use jiff::Timestamp;

use crate::{Anchor, Certificate, SignatureFault};

pub use broken::Broken;
pub use deviation::Deviation;
pub use profile::{Profile, Strict};

/// The most certificates between a leaf and its anchor, the leaf included.
pub const MAX_DEPTH: usize = 8;
/// The most signatures that one search verifies: on each step of the longest path, by as many keys of one name.
const MAX_SIGNATURES: usize = MAX_DEPTH * MAX_DEPTH;

/// Where to search.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Certificates that may be on the path. Nothing in them is believed.
    pub pool: &'a [Certificate],
    /// Where a path may end.
    pub anchors: &'a [Anchor],
    /// The time at which every certificate must be valid, the anchor included.
    pub at: Timestamp,
    /// What the kind of evidence demands and tolerates.
    pub profile: &'a dyn Profile,
}

/// A valid path.
#[derive(Clone, Debug)]
pub struct Path<'a> {
    /// The certificates from the leaf up, the anchor not included.
    pub certificates: Vec<&'a Certificate>,
    /// Where it ends.
    pub anchor: &'a Anchor,
    /// What was tolerated.
    pub deviations: Vec<Deviation>,
}

/// Who may have issued a certificate.
enum Issuer<'a> {
    Anchor(&'a Anchor, &'a Certificate),
    Pool(&'a Certificate),
}

/// Finds a valid path from `leaf` to an anchor, or says what is in the way.
pub fn find<'a>(leaf: &'a Certificate, search: &Search<'a>) -> Result<Path<'a>, Broken> {
    let climb = Climb { search: *search, signatures: Cell::new(0) };
    climb.from(&mut vec![leaf])
}

struct Climb<'a> {
    search: Search<'a>,
    signatures: Cell<usize>,
}

impl<'a> Climb<'a> {
    fn from(&self, chain: &mut Vec<&'a Certificate>) -> Result<Path<'a>, Broken> {
        let Some(&last) = chain.last() else { return Err(Broken::TooLong) };
        if chain.len() > MAX_DEPTH {
            return Err(Broken::TooLong);
        }
        rules::valid_at(last, self.search.at)?;
        let mut obstacle = None;
        for issuer in self.signers(last, chain)? {
            let found = match issuer {
                Issuer::Anchor(anchor, certificate) => self.arrive(chain, anchor, certificate),
                Issuer::Pool(certificate) => {
                    chain.push(certificate);
                    let found = self.from(chain);
                    chain.pop();
                    found
                }
            };
            match found {
                Ok(path) => return Ok(path),
                Err(Broken::TooMany) => return Err(Broken::TooMany),
                Err(broken) => obstacle = Some(milder(obstacle, broken)),
            }
        }
        Err(obstacle.unwrap_or(Broken::TooLong))
    }

    /// Those who bear the issuer's name and whose key signed the certificate: at least one, or why there is none.
    fn signers(&self, of: &Certificate, chain: &[&Certificate]) -> Result<Vec<Issuer<'a>>, Broken> {
        let named = self.named(of, chain);
        if named.is_empty() {
            return Err(self.end(of));
        }
        let (mut signers, mut fault) = (Vec::new(), None);
        for issuer in named {
            match self.verify(of, issuer.certificate())? {
                Ok(()) => signers.push(issuer),
                Err(SignatureFault::Bad) => {}
                // One of these may have signed it, whatever the others did not.
                Err(unjudged) => fault = fault.or(Some(unjudged)),
            }
        }
        match (signers.is_empty(), fault) {
            (false, _) => Ok(signers),
            (true, None) => Err(self.unsigned(of)),
            (true, Some(fault)) => Err(Broken::Algorithm { of: of.name(), fault }),
        }
    }

    /// Anchors first, so that a copy of one among the evidence is never needed.
    fn named(&self, of: &Certificate, chain: &[&Certificate]) -> Vec<Issuer<'a>> {
        let anchors = self.search.anchors.iter().filter_map(|anchor| {
            let held = anchor.certificate(self.search.pool)?;
            of.names_as_issuer(held).then_some(Issuer::Anchor(anchor, held))
        });
        let pool = self.search.pool.iter().filter(|candidate| {
            of.names_as_issuer(candidate)
                && !chain.iter().any(|used| used.der() == candidate.der())
                && !self.search.anchors.iter().any(|anchor| anchor.sha256() == candidate.sha256())
        });
        anchors.chain(pool.map(Issuer::Pool)).collect()
    }

    /// The chain ends here, short of an anchor.
    fn end(&self, last: &Certificate) -> Broken {
        match (self.imitates(last), last.is_self_issued()) {
            (true, _) => Broken::LookAlike { name: last.name(), sha256: last.sha256() },
            (false, true) => Broken::Untrusted { name: last.name(), sha256: last.sha256() },
            (false, false) => Broken::NoIssuer { of: last.name(), issuer: last.issuer_name() },
        }
    }

    /// Somebody bears the issuer's name, and nobody of them signed.
    fn unsigned(&self, of: &Certificate) -> Broken {
        match self.imitates(of) {
            true => Broken::LookAlike { name: of.name(), sha256: of.sha256() },
            false => Broken::Signature { of: of.name(), by: of.issuer_name() },
        }
    }

    fn imitates(&self, certificate: &Certificate) -> bool {
        self.search.anchors.iter().any(|anchor| anchor.is_imitated_by(certificate))
    }

    fn verify(&self, of: &Certificate, by: &Certificate) -> Result<Result<(), SignatureFault>, Broken> {
        if self.signatures.replace(self.signatures.get() + 1) >= MAX_SIGNATURES {
            return Err(Broken::TooMany);
        }
        Ok(of.verify(by.key()))
    }

    /// At an anchor the whole path is judged.
    fn arrive(
        &self,
        chain: &[&'a Certificate],
        anchor: &'a Anchor,
        held: &'a Certificate,
    ) -> Result<Path<'a>, Broken> {
        rules::valid_at(held, self.search.at)?;
        if held.is_self_issued() {
            held.verify(held.key()).map_err(|fault| match fault {
                SignatureFault::Bad => Broken::Signature { of: held.name(), by: held.name() },
                fault => Broken::Algorithm { of: held.name(), fault },
            })?;
        }
        let deviations = rules::judge(chain, held, self.search.profile)?;
        let path = Path { certificates: chain.to_vec(), anchor, deviations };
        self.search.profile.accepts(&path)?;
        Ok(path)
    }
}

/// Of what is in the way on several paths that which the best of them lacks, whatever their order.
fn milder(known: Option<Broken>, other: Broken) -> Broken {
    match known {
        Some(known) if known.verdict() <= other.verdict() => known,
        _ => other,
    }
}

impl<'a> Issuer<'a> {
    fn certificate(&self) -> &'a Certificate {
        match self {
            Self::Anchor(_, certificate) | Self::Pool(certificate) => certificate,
        }
    }
}
