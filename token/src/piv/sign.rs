//! One signature: the encoded message through GENERAL AUTHENTICATE (SP 800-73-4, part 2, section 3.2.4).

use hsm_config::{KeyType, PivSlot};
use p256::ecdsa::Signature;
use yubikey::piv::{self, AlgorithmId};

use super::{Card, slot};
use crate::lane::Fault;
use crate::pkcs11::Failure;

impl Card {
    /// Signs an encoded message: RSA octets, or r ‖ s.
    pub(super) fn sign(&mut self, slot: PivSlot, key: KeyType, encoded: &[u8]) -> Result<Vec<u8>, Failure> {
        let signature = piv::sign_data(&mut self.key, encoded, algorithm(key), slot::id(slot)?)
            .map_err(Self::failed("GENERAL AUTHENTICATE"))?;
        match key {
            KeyType::P256 => raw(&signature)
                .ok_or_else(|| Fault::Device("the signature is no ECDSA signature".into()).into()),
            _ => Ok(signature.to_vec()),
        }
    }
}

/// The crate's name for a type of key.
pub(super) fn algorithm(key: KeyType) -> AlgorithmId {
    match key {
        KeyType::Rsa2048 => AlgorithmId::Rsa2048,
        KeyType::Rsa3072 => AlgorithmId::Rsa3072,
        KeyType::Rsa4096 => AlgorithmId::Rsa4096,
        KeyType::P256 => AlgorithmId::EccP256,
        // No host asks for one: [`Card::makes`] refuses it, and no slot is found to hold one.
        KeyType::Ed25519 => AlgorithmId::Ed25519,
    }
}

/// r ‖ s of a DER ECDSA-Sig-Value (RFC 5480, RFC 7518 section 3.4).
fn raw(signature: &[u8]) -> Option<Vec<u8>> {
    Signature::from_der(signature).ok().map(|signature| signature.to_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode;
    use der::asn1::UintRef;
    use proptest::prelude::*;

    /// The bytes of each half of a P-256 signature.
    const HALF: usize = 32;

    proptest! {
        #[test]
        fn r_and_s_keep_their_values(
            mut halves in any::<[[u8; HALF]; 2]>(), zeros in [0usize..=31, 0usize..=31],
        ) {
            halves.iter_mut().zip(zeros).for_each(|(half, zeros)| half[..zeros].fill(0));
            prop_assume!(halves.iter().all(|half| *half != [0; HALF]));
            let [r, s] = halves.each_ref().map(|half| UintRef::new(half).unwrap());
            prop_assert_eq!(raw(&vec![r, s].to_der().unwrap()), Some(halves.concat()));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = raw(&bytes);
        }
    }

    #[test]
    fn a_half_that_is_too_long_is_no_signature() {
        let long = [0x7f; 33];
        let halves = vec![UintRef::new(&long).unwrap(), UintRef::new(&[1]).unwrap()];
        assert_eq!(raw(&halves.to_der().unwrap()), None);
    }
}
