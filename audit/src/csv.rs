//! Rows of a table as RFC 4180 has them, safe to open in a spreadsheet.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front: who asks for an assertion chooses words
//! that end up here, and a formula can send away what stands beside it.

/// How a formula begins, and what some programs pass over before one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A line of cells, with its line break.
pub fn csv<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<_> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    cells.join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let safe =
        if text.trim_start_matches(' ').starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() };
    match safe.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_parted_and_quoted_as_rfc_4180_says() {
        assert_eq!(csv(["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(csv(["a,b", "say \"x\"", "two\nlines"]), "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n");
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=\"a\",1"] {
            let line = csv([bad]);
            assert!(line.starts_with('\'') || line.starts_with("\"'"), "{line}");
        }
        assert_eq!(csv(["1-1", "a=b", "contoso.example"]), "1-1,a=b,contoso.example\r\n");
    }

    /// What a reader of RFC 4180 sees.
    fn read(line: &str) -> Vec<String> {
        let (mut cells, mut quoted, mut letters) = (vec![String::new()], false, line.chars().peekable());
        while let Some(letter) = letters.next() {
            let cell = cells.last_mut().unwrap();
            match letter {
                '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                '\r' if !quoted && letters.peek() == Some(&'\n') => break,
                other => cell.push(other),
            }
        }
        cells
    }

    proptest! {
        #[test]
        fn every_cell_is_read_back_but_for_the_apostrophe(cells in prop::collection::vec(any::<String>(), 1..5)) {
            let found = read(&csv(&cells));
            prop_assert_eq!(found.len(), cells.len());
            for (found, cell) in found.iter().zip(&cells) {
                prop_assert!(found == cell || found.strip_prefix('\'') == Some(cell));
                prop_assert!(!found.trim_start_matches(' ').starts_with(FORMULA));
            }
        }
    }
}
