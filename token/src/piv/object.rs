//! Certificates in a card's data objects: which object is a slot's, and what is in it.
//!
//! A container is 70 (the certificate), 71 (whether it is packed) and FE (empty). Packed ones are not read: nothing of
//! ours packs. What is not read is not nothing: it may be the one that somebody's customers hold, and nobody has a copy. SP 800-73-4,
//! part 1, appendix A; part 2, section 3.1.2.

use hsm_config::PivSlot;
use yubikey::Error;

use super::{Card, code};
use crate::lane::Fault;
use crate::pkcs11::Failure;
use crate::writes::Write;

/// The object of the attestation key's certificate (slot F9).
const ATTESTATION: u32 = 0x005f_ff01;
const CERTIFICATE: u8 = 0x70;
const PACKED: u8 = 0x71;
/// An error detection code that is not used.
const CODE: u8 = 0xfe;

/// What a certificate's object holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Nothing: it was never written, or was emptied.
    Nothing,
    /// A certificate, DER, of whatever key.
    Certificate(Vec<u8>),
    /// Something that is not read here: packed, or no container of a certificate's.
    Unread,
}

impl Stored {
    pub(super) fn certificate(self) -> Option<Vec<u8>> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Nothing | Self::Unread => None,
        }
    }
}

impl Card {
    /// What is stored as a slot's certificate.
    pub(super) fn certificate(&mut self, slot: PivSlot) -> Result<Stored, Failure> {
        self.read(object(slot))
    }

    /// The certificate of the attestation key, DER.
    pub(super) fn attestation_certificate(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.read(ATTESTATION)?.certificate())
    }

    /// Stores a certificate for a slot, in place of an earlier one. The management key was authenticated.
    pub(super) fn store(&mut self, _: &Write, slot: PivSlot, certificate: &[u8]) -> Result<(), Failure> {
        let mut container = pack(certificate);
        self.key.save_object(object(slot), &mut container).map_err(Self::failed("PUT DATA"))
    }

    /// Empties a slot's certificate object. The management key was authenticated.
    pub(super) fn empty(&mut self, _: &Write, slot: PivSlot) -> Result<(), Failure> {
        self.key.save_object(object(slot), &mut []).map_err(Self::failed("PUT DATA"))
    }

    fn read(&mut self, object: u32) -> Result<Stored, Failure> {
        match self.key.fetch_object(object) {
            Ok(container) => Ok(unpack(&container)),
            Err(Error::NotFound) => Ok(Stored::Nothing),
            // Any other word of the card's, or an answer that is no object.
            Err(Error::SizeError | Error::GenericError | Error::ParseError) => Ok(Stored::Unread),
            Err(error) => Err(code::failure("GET DATA", error)),
        }
    }
}

/// What is said of a certificate that is in the way, with what to do about it: the object as it lies is all that there is of it.
pub(super) fn in_the_way(slot: PivSlot, what: &str) -> Fault {
    let object = object(slot);
    Fault::OtherCertificate(format!(
        "slot {slot} has {what}, of which there may be no copy, and nothing is put over it. Save it (`ykman piv objects export \
         {object:#x} FILE`), have it removed (`ykman piv certificates delete {slot}`), and try again"
    ))
}

/// The object of a slot's certificate.
fn object(slot: PivSlot) -> u32 {
    match slot.number() {
        0x9a => 0x005f_c105,
        0x9c => 0x005f_c10a,
        0x9d => 0x005f_c10b,
        0x9e => 0x005f_c101,
        retired => 0x005f_c10d + u32::from(retired - 0x82),
    }
}

fn pack(certificate: &[u8]) -> Vec<u8> {
    let mut container = vec![CERTIFICATE];
    match u16::try_from(certificate.len()) {
        Ok(length @ ..=0x7f) => container.push(length.to_be_bytes()[1]),
        Ok(length @ ..=0xff) => container.extend([0x81, length.to_be_bytes()[1]]),
        Ok(length) => container.extend([&[0x82][..], &length.to_be_bytes()].concat()),
        // No card takes so much; it says so.
        Err(_) => container.extend([0x83, 0, 0, 0]),
    }
    container.extend_from_slice(certificate);
    container.extend([PACKED, 1, 0, CODE, 0]);
    container
}

fn unpack(mut container: &[u8]) -> Stored {
    let is_empty = container.is_empty();
    let (mut certificate, mut packed) = (None, false);
    while let Some((tag, value, rest)) = element(container) {
        match tag {
            CERTIFICATE => certificate = Some(value),
            PACKED => packed = value.iter().any(|byte| byte & 1 == 1),
            _ => {}
        }
        container = rest;
    }
    match certificate {
        Some(certificate) if !certificate.is_empty() && !packed => Stored::Certificate(certificate.to_vec()),
        _ if is_empty => Stored::Nothing,
        _ => Stored::Unread,
    }
}

/// The next element: its tag, its value, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = match rest {
        [length @ ..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_slot_has_an_object_of_its_own() {
        let mut objects: Vec<_> = PivSlot::all().map(object).collect();
        objects.sort_unstable();
        objects.dedup();
        assert_eq!(objects.len(), 24);
        assert_eq!(object("95".parse().unwrap()), 0x005f_c120);
    }

    proptest! {
        #[test]
        fn a_certificate_comes_back_as_it_was_stored(certificate in proptest::collection::vec(any::<u8>(), 1..2500)) {
            prop_assert_eq!(unpack(&pack(&certificate)), Stored::Certificate(certificate));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn what_is_not_read_is_told_from_nothing() {
        let mut container = pack(b"certificate");
        let at = container.len() - 3;
        container[at] = 1;
        for unread in [&container[..], &pack(b""), b"\x53", b"something else"] {
            assert_eq!(unpack(unread), Stored::Unread, "{unread:02x?}");
        }
        assert_eq!(unpack(&[]), Stored::Nothing);
    }
}
