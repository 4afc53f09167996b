//! Whether each assertion that a caller holds is on record, and by the pinned key.
//!
//! The judge knows the certificate, which it was given before any fault, and the log on the disk; it asks no agent.

use std::collections::HashSet;
use std::fmt::Write;

use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ledger::{Entry, Kind};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::callers::Held;
use crate::Rig;

/// The judge of one rig's connector `de`.
pub struct Witness {
    /// RSAPublicKey, DER.
    key: Vec<u8>,
    thumbprint: String,
}

/// What is wrong with what callers hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Assertions without an intent of their own, or with one that is voided.
    pub unrecorded: usize,
    /// Assertions that are not the pinned key's.
    pub wrong_key: usize,
}

impl Witness {
    /// Pins a certificate, DER, of an RSA key.
    pub fn pin(certificate: &[u8]) -> Self {
        let parsed = Certificate::from_der(certificate).unwrap();
        let key = parsed.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes().unwrap();
        Self { key: key.to_vec(), thumbprint: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(certificate)) }
    }

    /// Judges all that callers received since the log had `from` entries.
    pub fn judge(&self, rig: &Rig, from: u64, held: &[Held]) -> Verdict {
        let entries: Vec<Entry> = rig.log().entries(from).map(|entry| entry.unwrap().1).collect();
        let voided: HashSet<u64> = entries.iter().filter_map(|entry| entry.voids).collect();
        let mut used = HashSet::new();
        let mut verdict = Verdict::default();
        for one in held {
            let entry = one.log_index.checked_sub(from).and_then(|at| entries.get(usize::try_from(at).ok()?));
            let recorded = entry.is_some_and(|entry| records(entry, one));
            let once = used.insert(one.log_index) && !voided.contains(&one.log_index);
            verdict.unrecorded += usize::from(!recorded || !once);
            verdict.wrong_key += usize::from(!self.is_by_the_pinned_key(&one.assertion));
        }
        verdict
    }

    fn is_by_the_pinned_key(&self, assertion: &str) -> bool {
        let Some((input, signature)) = assertion.rsplit_once('.') else { return false };
        let header = input.split('.').next().and_then(|header| BASE64_URL_SAFE_NO_PAD.decode(header).ok());
        let header: serde_json::Value =
            header.and_then(|header| serde_json::from_slice(&header).ok()).unwrap_or_default();
        let Ok(signature) = BASE64_URL_SAFE_NO_PAD.decode(signature) else { return false };
        let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &self.key);
        header["alg"] == "PS256"
            && header["x5t#S256"] == self.thumbprint
            && key.verify(input.as_bytes(), &signature).is_ok()
    }
}

/// Whether the entry is this very assertion's intent.
fn records(entry: &Entry, held: &Held) -> bool {
    let input = held.assertion.rsplit_once('.').map_or("", |(input, _)| input);
    let digest = Sha256::digest(input).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    entry.kind == Kind::Intent
        && entry.jti.as_deref() == Some(held.jti.as_str())
        && entry.digest.as_deref() == Some(digest.as_str())
}
