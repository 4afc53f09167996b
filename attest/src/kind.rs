//! What kind of evidence it is: which maker's statement, in which form.

use std::fmt;

use serde::Serialize;

/// A kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A YubiKey's PIV application attested a key in one of its slots.
    YubikeyPiv,
    /// A YubiHSM 2 attested an asymmetric key.
    #[serde(rename = "yubihsm2")]
    Yubihsm2,
    /// A partition of a LiquidSecurity HSM attested a key pair.
    #[serde(rename = "liquidsecurity")]
    LiquidSecurity,
    /// A TPM 2.0 certified the creation of a key.
    #[serde(rename = "tpm2")]
    Tpm2,
    /// Attributes that a PKCS#11 module reports: asserted, never proven.
    #[serde(rename = "pkcs11")]
    Pkcs11,
}

impl Kind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::YubikeyPiv => "yubikey-piv",
            Self::Yubihsm2 => "yubihsm2",
            Self::LiquidSecurity => "liquidsecurity",
            Self::Tpm2 => "tpm2",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
