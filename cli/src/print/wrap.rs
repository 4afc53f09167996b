//! Long lines for people: broken at blanks, never inside a word, and with our own blanks before what follows.

/// What fits on a line, in columns.
pub(crate) const WIDTH: usize = 80;

/// A text in lines of at most so many columns, a word that is longer aside. All but the first begin with `indent` blanks, so
/// that no word of the text begins a line; the first keeps its own.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for (at, word) in text.split(' ').enumerate() {
        let has_words = !line.trim_start().is_empty();
        if has_words && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent) + word));
        } else {
            line += if at == 0 { "" } else { " " };
            line += word;
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_at_blanks_and_what_follows_is_set_in() {
        assert_eq!(wrap("  a bc def g", 8, 4), ["  a bc", "    def", "    g"]);
        assert_eq!(wrap("words", 2, 4), ["words"]);
        assert_eq!(wrap("", 2, 4), [""]);
        assert_eq!(wrap("ab  cd", 80, 4), ["ab  cd"]);
    }
}
