//! One line of text: whatever could end it, turn it around, hide in it or move the cursor is an escape.

use std::borrow::Cow;

/// The text on one line. Escapes are Rust's, as in `\n` and `\u{202e}`; all else is as it was.
///
/// ```
/// assert_eq!(quoted::one_line("Zürich\nPROVEN"), "Zürich\\nPROVEN");
/// assert_eq!(quoted::one_line("no \"harm\" in c:\\a"), "no \"harm\" in c:\\a");
/// ```
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let shown = |line: String, c: char| match is_shown(c) {
        true => line + c.encode_utf8(&mut [0; 4]),
        false => line + &c.escape_debug().to_string(),
    };
    Cow::Owned(text.chars().fold(String::with_capacity(text.len()), shown))
}

/// Whether a character is only itself on a line: what Rust's `Debug` leaves alone. Escaped are control characters, line and
/// paragraph separators (U+2028, U+2029), what turns text around (U+202E and its like), what nobody sees, and marks that
/// combine with what stands before them, which is ours.
fn is_shown(c: char) -> bool {
    if c.is_ascii() { matches!(c, ' '..='~') } else { c.escape_debug().count() == 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whatever_ends_or_turns_a_line_is_an_escape() {
        for (harm, shown) in [
            ("\n", "\\n"),
            ("\r", "\\r"),
            ("\t", "\\t"),
            ("\u{b}", "\\u{b}"),
            ("\u{85}", "\\u{85}"),
            ("\u{2028}", "\\u{2028}"),
            ("\u{2029}", "\\u{2029}"),
            ("\u{202e}", "\\u{202e}"),
            ("\u{2066}", "\\u{2066}"),
            ("\u{200f}", "\\u{200f}"),
            ("\u{61c}", "\\u{61c}"),
            ("\u{200b}", "\\u{200b}"),
            ("\u{feff}", "\\u{feff}"),
            ("\"\u{301}", "\"\\u{301}"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(one_line(harm), shown);
        }
    }

    #[test]
    fn letters_of_every_script_stay() {
        for text in ["", "Zürich", "東京", "Київ", "العربية", "a \"b\" \\n 'c'"] {
            assert_eq!(one_line(text), text);
        }
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_stays_as_it_is(text in any::<String>()) {
            let line = one_line(&text).into_owned();
            prop_assert!(line.chars().all(is_shown));
            prop_assert_eq!(one_line(&line), line.as_str());
        }
    }
}
