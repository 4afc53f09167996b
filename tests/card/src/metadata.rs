//! What Yubico's GET METADATA tells of a PIN, the management key, or the key in a slot.

use rcgen::PublicKeyData;

use crate::apdu::{Answer, Command, Sw};
use crate::keys::{Algorithm, Origin, PinPolicy};
use crate::management;
use crate::pin::{self, Secret};
use crate::state::{Kept, State};
use crate::tlv;
use crate::touch::TouchPolicy;

const ALGORITHM: u8 = 1;
const POLICIES: u8 = 2;
const ORIGIN: u8 = 3;
const PUBLIC_KEY: u8 = 4;
const IS_FACTORY: u8 = 5;
const TRIES: u8 = 6;

/// The algorithm that stands for a PIN.
const PIN_ALGORITHM: u8 = 0xFF;
/// The attestation key.
const ATTESTATION: u8 = 0xF9;

/// Answers GET METADATA.
pub(crate) fn metadata(state: &State, command: &Command) -> Answer {
    state.read(|kept| match command.p2 {
        pin::PIN => Ok(of_secret(&kept.pin)),
        pin::PUK => Ok(of_secret(&kept.puk)),
        management::SLOT => Ok(of_management_key(kept)),
        ATTESTATION => of_attestation_key(kept),
        slot => of_key(kept, slot),
    })
}

fn of_secret(secret: &Secret) -> Vec<u8> {
    let mut out = tlv::one(ALGORITHM, &[PIN_ALGORITHM]);
    tlv::write(&mut out, IS_FACTORY, &[secret.is_factory().into()]);
    tlv::write(&mut out, TRIES, &[secret.tries, secret.left]);
    out
}

fn of_management_key(kept: &Kept) -> Vec<u8> {
    let mut out = tlv::one(ALGORITHM, &[kept.management.algorithm as u8]);
    tlv::write(&mut out, POLICIES, &[0, kept.management.touch_policy as u8]);
    tlv::write(&mut out, IS_FACTORY, &[kept.management.is_factory().into()]);
    out
}

fn of_key(kept: &Kept, slot: u8) -> Answer {
    let key = kept.keys.get(&slot).ok_or(Sw::NO_SUCH_KEY)?;
    let mut out = tlv::one(ALGORITHM, &[key.algorithm as u8]);
    tlv::write(&mut out, POLICIES, &[key.pin_policy as u8, key.touch_policy as u8]);
    tlv::write(&mut out, ORIGIN, &[key.origin as u8]);
    tlv::write(&mut out, PUBLIC_KEY, &key.public);
    Ok(out)
}

fn of_attestation_key(kept: &Kept) -> Answer {
    let key = kept.attester.key().map_err(|_| Sw::BROKEN)?;
    // RSAPublicKey: a sequence of two integers, the first of which begins with a zero for its sign.
    let numbers = tlv::find(key.der_bytes(), 0x30).ok_or(Sw::BROKEN)?;
    let mut public = Vec::new();
    for (tag, (_, number)) in (0x81..).zip(tlv::read(numbers)) {
        tlv::write(&mut public, tag, number.strip_prefix(&[0]).unwrap_or(number));
    }
    let mut out = tlv::one(ALGORITHM, &[Algorithm::Rsa2048 as u8]);
    tlv::write(&mut out, POLICIES, &[PinPolicy::Never as u8, TouchPolicy::Never as u8]);
    tlv::write(&mut out, ORIGIN, &[Origin::Generated as u8]);
    tlv::write(&mut out, PUBLIC_KEY, &public);
    Ok(out)
}
