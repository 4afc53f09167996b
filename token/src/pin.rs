//! A PIN on its way to a token: no Debug, no Clone, wiped when dropped, opened by one call.
//!
//! What cannot be a PIN as it was meant is refused before any token sees it, by a name that says what to mend: an editor's
//! byte order mark would be given to the token as part of the PIN, and cost a try.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::control::LoginOutcome;
use crate::lane::Fault;
use crate::writes::Write;

/// U+FEFF, as Windows editors begin a UTF-8 file.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// The same in UTF-16, of either order.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Who has the PIN of a token that is served, for keys that want it again.
pub trait PinProvider: Send + Sync {
    /// Lets `give` present the PIN once: the attempt is durable before, and its outcome is told after. All that is
    /// one call that may write.
    fn verify(&self, give: &mut dyn FnMut(&Pin, &Write) -> LoginOutcome) -> Result<(), Fault>;
}

/// A PIN.
pub struct Pin(SecretString);

/// Why bytes are not the one line of text that a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOneLine {
    /// There is nothing.
    #[error("is empty")]
    Empty,
    /// It begins with U+FEFF.
    #[error("begins with a UTF-8 byte order mark: save it without one")]
    ByteOrderMark,
    /// It begins with UTF-16's mark, or has NUL bytes as UTF-16 does.
    #[error("is UTF-16, or has NUL bytes: save it as UTF-8 without a byte order mark")]
    Utf16,
    /// Some other bytes.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// There is more after the first line.
    #[error("has more than one line: leave nothing in it but the secret")]
    Lines,
}

impl Pin {
    /// Takes a PIN out of a file's or a client's bytes: one newline at the end is not part of it.
    pub fn from_bytes(bytes: &Zeroizing<Vec<u8>>) -> Result<Self, NotOneLine> {
        one_line(bytes).map(|text| Self(SecretString::from(text)))
    }

    /// The PIN, for a binding that takes it so.
    pub(crate) fn expose(&self) -> &SecretString {
        &self.0
    }

    /// The PIN's bytes.
    #[cfg(feature = "piv")]
    pub(crate) fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }

    /// Its length in bytes, as tokens count it.
    pub(crate) fn length(&self) -> usize {
        self.0.expose_secret().len()
    }
}

/// The one line of a secret's bytes, without its newline.
pub(crate) fn one_line(bytes: &[u8]) -> Result<&str, NotOneLine> {
    if bytes.starts_with(UTF8_MARK) {
        return Err(NotOneLine::ByteOrderMark);
    }
    if bytes.contains(&0) || UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(NotOneLine::Utf16);
    }
    let text = str::from_utf8(bytes).map_err(|_| NotOneLine::NotUtf8)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match text {
        "" => Err(NotOneLine::Empty),
        text if text.contains(['\n', '\r']) => Err(NotOneLine::Lines),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_adds_is_refused_by_name_and_never_part_of_a_secret() {
        for (bytes, why) in [
            (&b""[..], NotOneLine::Empty),
            (b"\r\n", NotOneLine::Empty),
            (b"\xef\xbb\xbf1234\n", NotOneLine::ByteOrderMark),
            (b"\xff\xfe1\x002\x003\x004\x00", NotOneLine::Utf16),
            (b"\xfe\xff\x001\x002\x003\x004", NotOneLine::Utf16),
            (b"1\x002\x003\x004\x00", NotOneLine::Utf16),
            (b"\xfe1234", NotOneLine::NotUtf8),
            (b"1234\n5678\n", NotOneLine::Lines),
            (b"1234\n\n", NotOneLine::Lines),
            (b"1234\r5678", NotOneLine::Lines),
            (b"\n1234", NotOneLine::Lines),
        ] {
            assert_eq!(one_line(bytes), Err(why), "{bytes:?}");
        }
    }

    #[test]
    fn one_line_is_taken_with_or_without_its_end() {
        for bytes in [&b"12 34"[..], b"12 34\n", b"12 34\r\n"] {
            assert_eq!(one_line(bytes), Ok("12 34"));
        }
        assert_eq!(one_line("gehäuse".as_bytes()), Ok("gehäuse"));
    }
}
