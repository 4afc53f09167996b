//! What a TPM promises about an object: TPMA_OBJECT, bit by bit, in words.
//!
//! The bits are part of the object's name, so a statement over the name is one over them. They are worth what the TPM
//! is worth: one that the auditor's root vouches for. TPM 2.0 Library, part 2, section 8.3, and part 1, section 25.

use std::fmt;

use super::wire::WireError;

/// Bits that must be zero, by the specification.
const RESERVED: u32 = 0xfff0_f009;

/// An object's attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ObjectAttributes(u32);

/// Each bit: its name in the specification, and what it means when it is set.
const BITS: [(u32, &str, &str); 14] = [
    (1 << 1, "fixedTPM", "it cannot be taken to another TPM"),
    (1 << 2, "stClear", "it does not outlive a restart of the TPM"),
    (1 << 4, "fixedParent", "it cannot be taken to another parent"),
    (1 << 5, "sensitiveDataOrigin", "the TPM itself made the private key"),
    (1 << 6, "userWithAuth", "its PIN or password lets it be used"),
    (1 << 7, "adminWithPolicy", "only its policy lets it be administered"),
    (1 << 8, "firmwareLimited", "only this firmware of the TPM can use it"),
    (1 << 9, "svnLimited", "only a firmware no older than this one can use it"),
    (1 << 10, "noDA", "a wrong PIN does not count towards the lockout"),
    (1 << 11, "encryptedDuplication", "it leaves only encrypted"),
    (1 << 16, "restricted", "it handles only structures that the TPM itself made"),
    (1 << 17, "decrypt", "it decrypts"),
    (1 << 18, "sign", "it signs"),
    (1 << 19, "x509sign", "it signs certificates only"),
];

impl ObjectAttributes {
    pub(super) fn parse(bits: u32) -> Result<Self, WireError> {
        if bits & RESERVED != 0 {
            return Err(WireError::Invalid("object's attributes"));
        }
        Ok(Self(bits))
    }

    /// The bits as the TPM wrote them.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// fixedTPM: no other TPM ever holds it.
    pub fn fixed_tpm(self) -> bool {
        self.has(1 << 1)
    }

    /// fixedParent: it is never duplicated.
    pub fn fixed_parent(self) -> bool {
        self.has(1 << 4)
    }

    /// sensitiveDataOrigin: the TPM made its private part; nobody brought it.
    pub fn made_inside(self) -> bool {
        self.has(1 << 5)
    }

    /// restricted: what it signs, the TPM composed.
    pub fn restricted(self) -> bool {
        self.has(1 << 16)
    }

    /// decrypt.
    pub fn decrypts(self) -> bool {
        self.has(1 << 17)
    }

    /// sign.
    pub fn signs(self) -> bool {
        self.has(1 << 18)
    }

    /// Never leaves: it stays in this TPM, under this parent.
    pub fn stays(self) -> bool {
        self.fixed_tpm() && self.fixed_parent()
    }

    /// The names of the bits that are set, each with what it means.
    pub fn explained(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        BITS.into_iter().filter(move |(bit, ..)| self.has(*bit)).map(|(_, name, meaning)| (name, meaning))
    }

    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }
}

impl fmt::Display for ObjectAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, _)) in self.explained().enumerate() {
            let bar = if index == 0 { "" } else { "|" };
            write!(f, "{bar}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_either_explained_or_refused() {
        let explained = BITS.iter().fold(0, |all, (bit, ..)| all | bit);
        assert_eq!((explained & RESERVED, explained | RESERVED), (0, u32::MAX));
    }

    #[test]
    fn an_attestation_key_reads_in_words() {
        let attributes = ObjectAttributes::parse(0x0005_0072).unwrap();
        assert_eq!(
            attributes.to_string(),
            "fixedTPM|fixedParent|sensitiveDataOrigin|userWithAuth|restricted|sign"
        );
        assert!(attributes.stays() && attributes.made_inside() && !attributes.decrypts());
        assert!(ObjectAttributes::parse(0x8000_0072).is_err());
    }
}
