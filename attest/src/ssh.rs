//! SSH's public keys, one a line as in `id_ed25519.pub`: to name a key with (`--key`), and nothing else.
//!
//! RFC 4253 section 6.6 (RSA), RFC 5656 section 3.1 (ECDSA), RFC 8709 section 4 (Ed25519). Certificates of SSH, keys in security
//! tokens (`sk-…`) and options before the key are not read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{Curve, KeyError, PublicKey, spki};

/// The longest key in a line, in bytes: RSA of 16384 bits.
const MAX_BLOB: usize = 4096;

const CURVES: [(&str, &str, Curve); 3] = [
    ("ecdsa-sha2-nistp256", "nistp256", Curve::P256),
    ("ecdsa-sha2-nistp384", "nistp384", Curve::P384),
    ("ecdsa-sha2-nistp521", "nistp521", Curve::P521),
];
const RSA: &str = "ssh-rsa";
const ED25519: &str = "ssh-ed25519";

/// Whether a text begins like such a key.
pub(crate) fn is_key(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first == RSA || first == ED25519 || CURVES.iter().any(|(name, ..)| *name == first)
}

/// The keys of a text, one a line; blank lines and comments aside.
pub(crate) fn keys(text: &str) -> Result<Vec<PublicKey>, KeyError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(key).collect()
}

fn key(line: &str) -> Result<PublicKey, KeyError> {
    let mut words = line.split_whitespace();
    let (Some(name), Some(blob)) = (words.next(), words.next()) else { return Err(damaged()) };
    let blob = STANDARD.decode(blob).ok().filter(|blob| blob.len() <= MAX_BLOB).ok_or_else(damaged)?;
    let mut rest = blob.as_slice();
    if string(&mut rest)? != name.as_bytes() {
        return Err(damaged());
    }
    let key = match CURVES.iter().find(|(known, ..)| *known == name) {
        Some((_, curve, of)) if string(&mut rest)? == curve.as_bytes() => {
            PublicKey::ec(*of, string(&mut rest)?)
        }
        Some(_) => Err(damaged()),
        None if name == ED25519 => PublicKey::from_spki(&spki::ed25519(string(&mut rest)?)?),
        None if name == RSA => {
            let exponent = string(&mut rest)?;
            PublicKey::rsa(string(&mut rest)?, exponent)
        }
        None => Err(damaged()),
    }?;
    if rest.is_empty() { Ok(key) } else { Err(damaged()) }
}

/// RFC 4251 section 5: four bytes of length, and so many.
fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], KeyError> {
    let (length, more) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
    let (value, more) = more.split_at_checked(length).ok_or_else(damaged)?;
    *rest = more;
    Ok(value)
}

fn damaged() -> KeyError {
    KeyError::Der(der::ErrorKind::Failed.into())
}
