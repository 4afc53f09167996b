//! Long lines for people: broken at blanks, never inside a word, and with our own blanks before what follows.
//!
//! A command in backquotes is one word: who copies a part of it runs another.

use unicode_width::UnicodeWidthStr;

/// What fits on a line, in columns.
pub(crate) const WIDTH: usize = 80;

/// A text in lines of at most so many columns, a word that is longer aside. All but the first begin with `indent` blanks, so
/// that no word of the text begins a line; the first keeps its own.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for (at, word) in words(text).enumerate() {
        let has_words = !line.trim_start().is_empty();
        if has_words && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent) + word));
        } else {
            line += if at == 0 { "" } else { " " };
            line += word;
        }
    }
    lines.push(line);
    lines
}

/// How many columns a terminal gives a text of one line.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// The columns of the longest word.
pub(crate) fn longest(text: &str) -> usize {
    words(text).map(columns).max().unwrap_or(0)
}

/// What blanks part, but for those in commands. A backquote in somebody's quoted word begins none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut command) = (false, false, false);
    text.split(move |c| {
        match c {
            '"' if !command && !escaped => quoted = !quoted,
            '`' if !quoted => command = !command,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        c == ' ' && !command
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_broken_at_blanks_and_what_follows_is_set_in() {
        assert_eq!(wrap("  a bc def g", 8, 4), ["  a bc", "    def", "    g"]);
        assert_eq!(wrap("words", 2, 4), ["words"]);
        assert_eq!(wrap("", 2, 4), [""]);
        assert_eq!(wrap("ab  cd", 80, 4), ["ab  cd"]);
    }

    #[test]
    fn a_wide_letter_takes_two_columns() {
        assert_eq!(wrap("東京 大阪", 8, 0), ["東京", "大阪"]);
        assert_eq!(wrap("東京 大阪", 9, 0), ["東京 大阪"]);
    }

    #[test]
    fn a_command_is_never_broken() {
        let text = "if it is yours: `kunci provision us --adopt`; else leave it";
        assert_eq!(
            wrap(text, 20, 2),
            ["if it is yours:", "  `kunci provision us --adopt`;", "  else leave it"]
        );
    }

    #[test]
    fn a_backquote_in_a_quoted_word_begins_no_command() {
        let text = r#"the label "a ` \" b" is `kunci token check`, no other"#;
        let expected = [r#"the label "a ` \" b""#, "is", "`kunci token check`,", "no other"];
        assert_eq!(wrap(text, 20, 0), expected);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-c \"`\\\\東]{0,80}", width in 1_usize..40) {
            prop_assert_eq!(wrap(&text, width, 0).join(" "), text.as_str());
        }

        #[test]
        fn no_line_is_longer_than_its_only_word(text in "[a-c 東]{0,80}", width in 1_usize..40) {
            for line in wrap(&text, width, 0) {
                prop_assert!(columns(&line) <= width || line.split_whitespace().count() < 2, "{:?}", line);
            }
        }
    }
}
