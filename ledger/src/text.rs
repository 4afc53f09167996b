//! How long a text in an entry may be.
//!
//! Callers choose tenants, client ids and reasons; a frame is at most 65,535 bytes and a flood must stay small.
//! A longer text is cut at a character boundary, when it is set and again when it is written.

use serde::Serializer;

/// The longest text taken from a caller, in bytes.
pub const MAX_TEXT_BYTES: usize = 128;

/// The longest `reason`, in bytes: an admin's has 128 characters, of up to 4 bytes.
pub const MAX_REASON_BYTES: usize = 512;

/// The longest `aud`, in bytes: the agent composes it, and it may carry a tenant of 253 characters.
pub const MAX_AUD_BYTES: usize = 512;

/// The longest vkey, in bytes: an origin of 255, and a P-256 key with its type in base64.
pub(crate) const MAX_VKEY_BYTES: usize = 512;

/// A text cut as entries hold it.
pub fn cut(text: &str, limit: usize) -> &str {
    text.get(..boundary(text, limit)).unwrap_or(text)
}

pub(crate) fn owned(mut text: String, limit: usize) -> String {
    text.truncate(boundary(&text, limit));
    text
}

fn boundary(text: &str, limit: usize) -> usize {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

pub(crate) fn write<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    write_within(text, MAX_TEXT_BYTES, serializer)
}

pub(crate) fn write_reason<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    write_within(text, MAX_REASON_BYTES, serializer)
}

pub(crate) fn write_aud<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    write_within(text, MAX_AUD_BYTES, serializer)
}

pub(crate) fn write_vkey<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    write_within(text, MAX_VKEY_BYTES, serializer)
}

fn write_within<S: Serializer>(text: &Option<String>, limit: usize, out: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => out.serialize_str(cut(text, limit)),
        None => out.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_never_inside_one() {
        let text = format!("{}é", "a".repeat(MAX_TEXT_BYTES - 1));
        assert_eq!(cut(&text, MAX_TEXT_BYTES), "a".repeat(MAX_TEXT_BYTES - 1));
        assert_eq!(owned(text.clone(), MAX_TEXT_BYTES).len(), MAX_TEXT_BYTES - 1);
        assert_eq!(cut("de", MAX_TEXT_BYTES), "de");
    }
}
