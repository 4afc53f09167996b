//! The TPM's two key derivations.
//!
//! Ours, since no maintained crate has them; the digest and the MAC beneath are not. TPM 2.0 Library, part 1, sections
//! 11.4.10.2 (KDFa, a counter-mode KDF of NIST SP 800-108) and 11.4.10.3 (KDFe, of NIST SP 800-56A).

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use crate::Hash;

/// KDFa: `bits` of key from a key, a label and two contexts.
pub(super) fn kdf_a(
    hash: Hash,
    key: &[u8],
    label: &str,
    contexts: [&[u8]; 2],
    bits: u32,
) -> Zeroizing<Vec<u8>> {
    let key = hmac::Key::new(hash.hmac(), key);
    expand(bits, |counter| {
        let mut context = hmac::Context::with_key(&key);
        for part in [&counter.to_be_bytes()[..], label.as_bytes(), &[0], contexts[0], contexts[1]] {
            context.update(part);
        }
        context.update(&bits.to_be_bytes());
        context.sign().as_ref().to_vec()
    })
}

/// KDFe: `bits` of key from a shared point's x, a label and both parties' x.
pub(super) fn kdf_e(hash: Hash, z: &[u8], label: &str, parties: [&[u8]; 2], bits: u32) -> Zeroizing<Vec<u8>> {
    expand(bits, |counter| {
        let mut context = digest::Context::new(hash.algorithm());
        for part in [&counter.to_be_bytes()[..], z, label.as_bytes(), &[0], parties[0], parties[1]] {
            context.update(part);
        }
        context.finish().as_ref().to_vec()
    })
}

/// Blocks one after another until there are enough. `bits` is a multiple of 8 in all uses.
fn expand(bits: u32, block: impl Fn(u32) -> Vec<u8>) -> Zeroizing<Vec<u8>> {
    let wanted = bits as usize / 8;
    let mut key = Zeroizing::new(Vec::with_capacity(wanted + Hash::Sha512.algorithm().output_len()));
    let mut counter = 1;
    while key.len() < wanted {
        key.extend_from_slice(&Zeroizing::new(block(counter)));
        counter += 1;
    }
    key.truncate(wanted);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_bits_go_on_where_fewer_ended_only_in_the_counter() {
        let short = kdf_e(Hash::Sha256, b"z", "IDENTITY", [b"a", b"b"], 128);
        let long = kdf_e(Hash::Sha256, b"z", "IDENTITY", [b"a", b"b"], 512);
        assert_eq!((&short[..], long.len()), (&long[..16], 64));
        // KDFa's input ends with the number of bits, so that no key is another one's beginning.
        let short = kdf_a(Hash::Sha256, b"key", "STORAGE", [b"a", b""], 128);
        let long = kdf_a(Hash::Sha256, b"key", "STORAGE", [b"a", b""], 256);
        assert_ne!(short[..], long[..16]);
    }
}
