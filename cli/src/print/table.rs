//! Tables: aligned columns, a row a line where that fits. Where it does not, cells are broken at blanks; where even their
//! longest words do not fit beside each other, each row is a list of its cells.

use super::wrap::{columns, longest, wrap};

/// Between two columns.
const GAP: &str = "  ";
/// How far in goes on what was broken in the first column.
const INDENT: usize = 2;

/// The lines of a table whose cells are lines themselves, in at most so many columns where it is told how many.
pub(super) fn lines(head: &[String], rows: &[Vec<String>], width: Option<usize>) -> Vec<String> {
    let room =
        width.map_or(usize::MAX, |width| width.saturating_sub(GAP.len() * head.len().saturating_sub(1)));
    let all: Vec<&[String]> = std::iter::once(head).chain(rows.iter().map(Vec::as_slice)).collect();
    let widest = |at: usize, of: fn(&str) -> usize| {
        all.iter().filter_map(|row| row.get(at)).map(|cell| of(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(|at| widest(at, columns)).collect();
    let least = |(at, width): (usize, &usize)| (widest(at, longest) + indent(at)).min(*width);
    let least: Vec<usize> = widths.iter().enumerate().map(least).collect();
    match fitted(widths, &least, room) {
        Some(widths) => all.iter().flat_map(|row| beside(row, &widths)).collect(),
        None => rows.iter().enumerate().flat_map(|(at, row)| list(at > 0, head, row, width)).collect(),
    }
}

/// As wide as the cells are, or narrower where that is too much, the widest first; never narrower than the longest words.
fn fitted(mut widths: Vec<usize>, least: &[usize], room: usize) -> Option<Vec<usize>> {
    if least.iter().sum::<usize>() > room {
        return None;
    }
    while widths.iter().sum::<usize>() > room {
        let broadest =
            (0..widths.len()).filter(|at| widths[*at] > least[*at]).max_by_key(|at| widths[*at])?;
        widths[broadest] -= 1;
    }
    Some(widths)
}

/// What goes on in the first column must not look like another row.
fn indent(column: usize) -> usize {
    if column == 0 { INDENT } else { 0 }
}

/// A row whose cells stand beside each other, in as many lines as the highest of them has.
fn beside(row: &[String], widths: &[usize]) -> Vec<String> {
    let cell = |(at, (cell, width)): (usize, (&String, &usize))| wrap(cell, *width, indent(at));
    let cells: Vec<Vec<String>> = row.iter().zip(widths).enumerate().map(cell).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| padded(cell.get(at), *width));
        padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

fn padded(text: Option<&String>, width: usize) -> String {
    let text = text.map_or("", String::as_str);
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// A row as lines of its own, each with the head of its column.
fn list(is_next: bool, head: &[String], row: &[String], width: Option<usize>) -> Vec<String> {
    let names = head.iter().map(|name| columns(name)).max().unwrap_or(0);
    let (indent, width) = (names + GAP.len(), width.unwrap_or(usize::MAX));
    let cell = |(name, cell): (&String, &String)| {
        wrap(&format!("{}{GAP}{cell}", padded(Some(name), names)), width, indent)
    };
    let parted = is_next.then(String::new);
    parted.into_iter().chain(head.iter().zip(row).flat_map(cell)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(width: Option<usize>) -> String {
        let cells = |row: &[&str]| row.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [
            cells(&["frankfurt", "missing: no token of the module has this serial", "東京"]),
            cells(&["london", "ready", "-"]),
        ];
        lines(&cells(&["TOKEN", "STATE", "REGION"]), &rows, width).join("\n")
    }

    #[test]
    fn a_row_is_a_line_where_it_fits_and_where_nobody_says_what_fits() {
        insta::assert_snapshot!(table(None), @r"
        TOKEN      STATE                                            REGION
        frankfurt  missing: no token of the module has this serial  東京
        london     ready                                            -
        ");
        assert_eq!(table(Some(66)), table(None));
    }

    #[test]
    fn a_long_cell_is_broken_between_words() {
        insta::assert_snapshot!(table(Some(40)), @r"
        TOKEN      STATE                  REGION
        frankfurt  missing: no token of   東京
                   the module has this
                   serial
        london     ready                  -
        ");
    }

    #[test]
    fn words_that_do_not_fit_beside_each_other_stand_below_each_other() {
        insta::assert_snapshot!(table(Some(24)), @r"
        TOKEN   frankfurt
        STATE   missing: no
                token of the
                module has this
                serial
        REGION  東京

        TOKEN   london
        STATE   ready
        REGION  -
        ");
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_word_is_broken(
            rows in prop::collection::vec(prop::collection::vec("[a-z]{1,9}( [a-z]{1,9}){0,5}", 4), 1..5),
            width in 24_usize..100,
        ) {
            let head = ["A", "BB", "CCC", "DDDD"].map(str::to_owned);
            let shown = lines(&head, &rows, Some(width));
            prop_assert!(shown.iter().all(|line| columns(line) <= width), "{:#?}", shown);
            let words: Vec<&str> = shown.iter().flat_map(|line| line.split_whitespace()).collect();
            for word in rows.iter().flatten().flat_map(|cell| cell.split(' ')) {
                prop_assert!(words.contains(&word), "{} in {:#?}", word, shown);
            }
        }
    }
}
