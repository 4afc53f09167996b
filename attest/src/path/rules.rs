//! The rules for each certificate of a path (RFC 5280 section 6.1.3 and 6.1.4), and who may deviate.

use der::Decode;
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::spki::ObjectIdentifier;

use super::{Broken, Deviation, Profile};
use crate::{Certificate, SignatureFault};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// Policies say what a certificate is for; a path that asks for none is not narrowed by them (section 6.1.1, any-policy).
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const UNDERSTOOD: [ObjectIdentifier; 3] = [BASIC_CONSTRAINTS, KEY_USAGE, CERTIFICATE_POLICIES];

/// Valid at that time, both ends included. As seconds, since the year 9999 is beyond `Timestamp`.
pub(super) fn valid_at(certificate: &Certificate, at: Timestamp) -> Result<(), Broken> {
    let validity = certificate.tbs().validity();
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs());
    let name = || certificate.name();
    if seconds(validity.not_before).is_ok_and(|first| at.as_second() < first) {
        return Err(Broken::NotYetValid { name: name(), date: validity.not_before.to_string() });
    }
    if seconds(validity.not_after).is_ok_and(|last| at.as_second() > last) {
        return Err(Broken::Expired { name: name(), date: validity.not_after.to_string() });
    }
    Ok(())
}

/// Judges a chain, leaf first, below `anchor`.
pub(super) fn judge(
    chain: &[&Certificate],
    anchor: &Certificate,
    profile: &dyn Profile,
) -> Result<Vec<Deviation>, Broken> {
    let mut judge = Judge { profile, deviations: Vec::new() };
    for (at, &certificate) in chain.iter().enumerate() {
        judge.extensions(certificate)?;
        judge.identifier(at, certificate)?;
        if at > 0 {
            judge.issuer(at, certificate)?;
        }
    }
    judge.anchor(chain.len(), anchor)?;
    Ok(judge.deviations)
}

struct Judge<'a> {
    profile: &'a dyn Profile,
    deviations: Vec<Deviation>,
}

impl Judge<'_> {
    /// `at` counts from the leaf, so that `at - 1` CAs are below.
    fn issuer(&mut self, at: usize, issuer: &Certificate) -> Result<(), Broken> {
        let name = issuer.name();
        match read::<BasicConstraints>(issuer, BASIC_CONSTRAINTS)? {
            Some(constraints) if !constraints.ca => return Err(Broken::NotCa { name }),
            Some(constraints) if exceeds(&constraints, at) => return Err(Broken::PathLength { name }),
            Some(_) => {}
            None => {
                let refused = Broken::NotCa { name: name.clone() };
                self.deviate(Deviation::NoBasicConstraints(name), at, issuer, refused)?;
            }
        }
        signs_certificates(issuer)
    }

    /// An anchor's word on itself counts less than its pin, and still counts where it has one. Those of version 1 say nothing.
    fn anchor(&mut self, at: usize, anchor: &Certificate) -> Result<(), Broken> {
        let name = anchor.name();
        // Its own signature proves nothing that its pin does not, so its form is told and refused nowhere.
        if anchor.has_null() {
            self.deviations.push(Deviation::EcdsaWithNull(name.clone()));
        }
        match read::<BasicConstraints>(anchor, BASIC_CONSTRAINTS)? {
            Some(constraints) if !constraints.ca => return Err(Broken::NotCa { name }),
            Some(constraints) if exceeds(&constraints, at) => {
                let refused = Broken::PathLength { name: name.clone() };
                self.deviate(Deviation::AnchorPathLength(name), at, anchor, refused)?;
            }
            _ => {}
        }
        signs_certificates(anchor)
    }

    fn identifier(&mut self, at: usize, certificate: &Certificate) -> Result<(), Broken> {
        let name = certificate.name();
        let fault = SignatureFault::Unsupported(certificate.algorithm());
        let refused = Broken::Algorithm { of: name.clone(), fault };
        if certificate.lacks_null() {
            return self.deviate(Deviation::RsaWithoutNull(name), at, certificate, refused);
        }
        if certificate.has_null() {
            return self.deviate(Deviation::EcdsaWithNull(name), at, certificate, refused);
        }
        Ok(())
    }

    fn extensions(&self, certificate: &Certificate) -> Result<(), Broken> {
        let strange = certificate
            .extensions()
            .filter(|extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id))
            .find(|extension| !self.profile.understands(extension.extn_id));
        match strange {
            Some(extension) => {
                Err(Broken::Critical { name: certificate.name(), oid: extension.extn_id.to_string() })
            }
            None => Ok(()),
        }
    }

    fn deviate(
        &mut self,
        deviation: Deviation,
        at: usize,
        certificate: &Certificate,
        refused: Broken,
    ) -> Result<(), Broken> {
        if !self.profile.tolerates(&deviation, at, certificate) {
            return Err(refused);
        }
        self.deviations.push(deviation);
        Ok(())
    }
}

fn exceeds(constraints: &BasicConstraints, at: usize) -> bool {
    constraints.path_len_constraint.is_some_and(|most| at - 1 > usize::from(most))
}

fn signs_certificates(issuer: &Certificate) -> Result<(), Broken> {
    match read::<KeyUsage>(issuer, KEY_USAGE)? {
        Some(usage) if !usage.key_cert_sign() => Err(Broken::KeyUsage { name: issuer.name() }),
        _ => Ok(()),
    }
}

fn read<'a, T: Decode<'a>>(certificate: &'a Certificate, oid: ObjectIdentifier) -> Result<Option<T>, Broken> {
    certificate
        .extension(oid)
        .map(T::from_der)
        .transpose()
        .map_err(|_| Broken::Extension { name: certificate.name(), oid: oid.to_string() })
}
