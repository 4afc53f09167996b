//! The management key: read, compared with the factory's, and used to authenticate for making keys and storing
//! certificates.
//!
//! It cannot sign, and a wrong one costs no try. The crate's copies of it live as long as one operation; they are not
//! wiped. GENERAL AUTHENTICATE with key reference 9b (SP 800-73-4, part 2, section 3.2.4).

use yubikey::piv::{ManagementSlotId, SlotAlgorithmId, SlotId, metadata};
use yubikey::{MgmAlgorithmId, MgmKey};
use zeroize::Zeroizing;

use super::{Card, FactorySecret, code};
use crate::lane::Fault;
use crate::pkcs11::Failure;

/// The lengths of a management key, in bytes: AES-128; 3DES and AES-192; AES-256.
const LENGTHS: [usize; 3] = [16, 24, 32];

/// A management key: no Debug, no Clone, wiped when dropped.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Reads hexadecimal digits; one newline at the end is not part of them. `None` where they are no management key.
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let bytes = attest::hex::secret(text)?;
        LENGTHS.contains(&bytes.len()).then_some(Self(bytes))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Card {
    /// Authenticates with the management key, or with the one that the card keeps behind its PIN.
    pub(super) fn authenticate(
        &mut self,
        secret: Option<&Secret>,
        allow_factory: bool,
    ) -> Result<(), Failure> {
        let key = match secret {
            Some(secret) => MgmKey::from_bytes(secret.expose(), Some(self.management_algorithm()?))
                .map_err(|_| refuse("it is not of the length that the YubiKey's algorithm has"))?,
            None => MgmKey::get_protected(&mut self.key)
                .map_err(|error| refuse(&format!("the YubiKey keeps none behind its PIN ({error})")))?,
        };
        let bytes = Secret(Zeroizing::new(key.as_ref().to_vec()));
        if !allow_factory && FactorySecret::is_management_key(&bytes) {
            return Err(refuse(FactorySecret::ManagementKey.advice()));
        }
        self.key.authenticate(&key).map_err(|error| match error {
            yubikey::Error::AuthenticationError => refuse("the YubiKey has another one"),
            other => code::failure("GENERAL AUTHENTICATE", other),
        })
    }

    fn management_algorithm(&mut self) -> Result<MgmAlgorithmId, Failure> {
        if !self.has_metadata() {
            return Ok(MgmAlgorithmId::ThreeDes);
        }
        let slot = SlotId::Management(ManagementSlotId::Management);
        let told = metadata(&mut self.key, slot).map_err(Self::failed("GET METADATA"))?;
        match told.algorithm {
            SlotAlgorithmId::Management(algorithm) => Ok(algorithm),
            _ => Err(Fault::Device("the YubiKey does not say what its management key is".into()).into()),
        }
    }
}

fn refuse(why: &str) -> Failure {
    Fault::ManagementKey(why.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_keys_of_a_known_length_are_management_keys() {
        for length in LENGTHS {
            assert_eq!(
                Secret::from_hex("aB".repeat(length).as_bytes()).unwrap().expose(),
                vec![0xab; length]
            );
        }
        assert!(Secret::from_hex(("00".repeat(24) + "\r\n").as_bytes()).is_some());
        for bad in ["", "00", &"0".repeat(47), &"00".repeat(23), &("g0".to_owned() + &"00".repeat(23))] {
            assert!(Secret::from_hex(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
