//! Numbers and hashes as C2SP's texts have them: one way to write each.

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{Hash, compact_range::MAX_SIZE};

/// A number in decimal digits, without a sign or a leading zero, that fits a signed 64-bit number.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_canonical =
        text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    text.parse().ok().filter(|number| is_canonical && *number <= MAX_SIZE)
}

/// A hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}
