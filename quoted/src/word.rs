//! A word of somebody else's, in quotation marks.

use std::fmt;
use std::path::Path;

/// The longest word in print, in characters; what is longer ends with an ellipsis behind its quotation mark.
pub const MOST: usize = 160;

/// A word of somebody else's: one line, at most [`MOST`] characters of it, between quotation marks that nothing in it can
/// close. Escapes are Rust's.
///
/// ```
/// use quoted::Quoted;
///
/// assert_eq!(Quoted("a label").to_string(), r#""a label""#);
/// assert_eq!(Quoted("x\"\nPROVEN: all is well").to_string(), r#""x\"\nPROVEN: all is well""#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quoted<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.as_ref();
        match word.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{:?}…", &word[..end]),
            None => write!(f, "{word:?}"),
        }
    }
}

/// A word that stands where a blank ends it, as a file's name before `:12:` or a value behind `tenant=`: as it is where its
/// letters can be nothing else, else [`Quoted`].
///
/// ```
/// use quoted::Plain;
///
/// assert_eq!(Plain("contoso.onmicrosoft.com").to_string(), "contoso.onmicrosoft.com");
/// assert_eq!(Plain("x state=active").to_string(), r#""x state=active""#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.as_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || "._:@+-/".contains(c);
        match !word.is_empty() && word.len() <= MOST && word.chars().all(plain) {
            true => f.write_str(word),
            false => Quoted(word).fmt(f),
        }
    }
}

impl Quoted<String> {
    /// A file's name. Bytes that are no UTF-8 are shown as U+FFFD; the end is what tells one file from another, so a long
    /// path is cut at its beginning.
    pub fn path(path: &Path) -> Self {
        let path = path.display().to_string();
        let all = path.chars().count();
        if all <= MOST {
            return Self(path);
        }
        Self(std::iter::once('…').chain(path.chars().skip(all - MOST + 1)).collect())
    }
}

impl Plain<String> {
    /// A file's name, cut like [`Quoted::path`].
    pub fn path(path: &Path) -> Self {
        Self(Quoted::path(path).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Three for a character's escape would not do: the longest is `\u{10ffff}`.
    const LONGEST_ESCAPE: usize = 10;

    #[test]
    fn a_long_word_is_cut_and_says_so() {
        let word = "é".repeat(MOST + 1);
        assert_eq!(Quoted(&word).to_string(), format!("\"{}\"…", "é".repeat(MOST)));
        let whole = "é".repeat(MOST);
        assert_eq!(Quoted(&whole).to_string(), format!("\"{whole}\""));
    }

    #[test]
    fn of_a_long_path_the_end_is_shown() {
        let path = format!("/{}/leaf.pem", "folder/".repeat(MOST));
        let shown = Quoted::path(Path::new(&path)).to_string();
        assert!(shown.starts_with("\"…") && shown.ends_with("/leaf.pem\""), "{shown}");
        assert_eq!(shown.chars().count(), MOST + 2);
        assert_eq!(Quoted::path(Path::new("a\nb")).to_string(), r#""a\nb""#);
    }

    #[test]
    fn a_plain_word_is_nothing_else() {
        for word in ["de", "contoso.onmicrosoft.com", "/etc/kunci/kunci.toml", "a@b:c"] {
            assert_eq!(Plain(word).to_string(), word);
        }
        for word in ["", " ", "a b", "a=b", "a\nb", "a\"", "é", "…"] {
            assert_eq!(Plain(word).to_string(), format!("{word:?}"));
        }
        assert!(Plain::path(Path::new(&"a/".repeat(MOST))).to_string().starts_with("\"…"));
    }

    proptest! {
        #[test]
        fn a_word_is_between_marks_that_it_cannot_close(word in any::<String>()) {
            let shown = Quoted(&word).to_string();
            prop_assert_eq!(crate::one_line(&shown), shown.as_str());
            prop_assert!(shown.chars().count() <= MOST * LONGEST_ESCAPE + 3);
            let within = shown.strip_prefix('"').unwrap();
            let within = within.strip_suffix('…').unwrap_or(within).strip_suffix('"').unwrap();
            // A mark within has a backslash that no other backslash took.
            let mut escaped = false;
            for c in within.chars() {
                prop_assert!(escaped || c != '"');
                escaped = c == '\\' && !escaped;
            }
            prop_assert!(!escaped);
        }
    }
}
