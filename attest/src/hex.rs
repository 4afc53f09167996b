//! Hexadecimal digits: of pins when the crate is compiled, of digests and identifiers when they are read and shown.
//!
//! As serde's `with`, a value is digits in JSON and bytes where nobody reads.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Text that is not so many hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct NotHex {
    expected: usize,
}

/// Reads exactly as many digits as the bytes have, of either case.
pub fn parse<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let mut bytes = [0; N];
    match base16ct::mixed::decode(text, &mut bytes) {
        Ok(read) if read.len() == N => Ok(bytes),
        _ => Err(NotHex { expected: 2 * N }),
    }
}

/// Reads what is secret, of either case; wiped when it is dropped.
pub fn secret(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; text.len() / 2]);
    base16ct::mixed::decode(text, &mut bytes).ok()?;
    Some(bytes)
}

/// Writes two lower-case digits for each byte.
pub fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{:x}", base16ct::HexDisplay(bytes))
}

/// Two lower-case digits for each byte, in one allocation: what they spell may be secret, and is then wiped.
pub fn text(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// Digits where people read, else the bytes.
pub fn serialize<const N: usize, S: Serializer>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error>
where
    [u8; N]: Serialize,
{
    if serializer.is_human_readable() {
        serializer.collect_str(&Digits(bytes))
    } else {
        bytes.serialize(serializer)
    }
}

/// The way back.
pub fn deserialize<'de, const N: usize, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; N], D::Error>
where
    [u8; N]: Deserialize<'de>,
{
    if deserializer.is_human_readable() {
        parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    } else {
        <[u8; N]>::deserialize(deserializer)
    }
}

struct Digits<'a>(&'a [u8]);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.0, f)
    }
}

/// 32 bytes from 64 lower-case digits; anything else does not compile.
pub(crate) const fn digest(text: &str) -> [u8; 32] {
    let text = text.as_bytes();
    assert!(text.len() == 64, "a digest has 64 digits");
    let mut bytes = [0; 32];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => panic!("a digit is 0 to 9 or a to f"),
    }
}
