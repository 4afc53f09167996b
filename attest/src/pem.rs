//! PEM as people have it (RFC 7468): text around and between blocks, any line width, any line ends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A PEM block.
pub(crate) struct Block<'a> {
    /// Its label, as in `CERTIFICATE`.
    pub(crate) label: &'a str,
    /// What it holds.
    pub(crate) der: Vec<u8>,
}

/// Why a text is not PEM.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadPem {
    #[error("a PEM block has no end, or the end of another one")]
    Cut,
    #[error("a PEM block does not hold base64")]
    Base64,
}

/// Whether there is a block in it.
pub(crate) fn is_pem(text: &str) -> bool {
    lines(text).any(|line| label(line, BEGIN).is_some())
}

/// All blocks of a text, in its order.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block<'_>>, BadPem> {
    let (mut found, mut lines) = (Vec::new(), lines(text));
    while let Some(mut line) = lines.next() {
        while let Some((label, digits, rest)) = on_one_line(line) {
            found.push(Block { label, der: decoded(digits)? });
            line = rest;
        }
        if let Some(label) = label(line, BEGIN) {
            found.push(Block { label, der: body(&mut lines, label)? });
        }
    }
    Ok(found)
}

/// What a block holds: all lines to its own end.
fn body<'a>(lines: &mut impl Iterator<Item = &'a str>, of: &str) -> Result<Vec<u8>, BadPem> {
    let mut digits = String::new();
    for line in lines {
        if let Some(end) = label(line, END) {
            let whole = if end == of { Some(digits) } else { None };
            return decoded(&whole.ok_or(BadPem::Cut)?);
        }
        digits += line;
    }
    Err(BadPem::Cut)
}

/// A block that begins and ends on this line, as forms of one field keep it: its label, its digits, and what is behind it.
fn on_one_line(line: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = line.strip_prefix(BEGIN)?.split_once(DASHES)?;
    let (digits, rest) = rest.split_once(&format!("{END}{label}{DASHES}"))?;
    Some((label, digits, rest.trim_start()))
}

fn decoded(digits: &str) -> Result<Vec<u8>, BadPem> {
    let digits: String = digits.split_ascii_whitespace().collect();
    STANDARD.decode(digits).map_err(|_| BadPem::Base64)
}

/// Without the white space around them, which a message that quotes PEM may add.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n']).map(str::trim)
}

/// The label of a line that is nothing but a mark.
fn label<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.strip_prefix(mark)?.strip_suffix(DASHES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Vec<(&str, Vec<u8>)>> {
        let blocks = blocks(text).ok()?;
        Some(blocks.into_iter().map(|block| (block.label, block.der)).collect())
    }

    #[test]
    fn a_block_may_be_one_line_with_its_marks() {
        let block = "-----BEGIN A-----AAEC-----END A-----";
        for text in [block, &format!("text\n  {block} \r\ntext"), &block.replace("AAEC", " AA EC ")] {
            assert!(is_pem(text));
            assert_eq!(told(text).unwrap(), [("A", vec![0, 1, 2])], "{text}");
        }
        let two = [("A", vec![0, 1, 2]), ("A", vec![0, 1, 2])];
        for between in ["", " ", "\n"] {
            assert_eq!(told(&format!("{block}{between}{block}")).unwrap(), two);
        }
        for cut in [
            "-----BEGIN A-----AAEC",
            "-----BEGIN A-----AAEC-----END B-----",
            "-----BEGIN A-----A-----END A-----",
        ] {
            assert_eq!(told(cut).unwrap_or_default(), [], "{cut}");
        }
        assert_eq!(told(&format!("see {block}")).unwrap(), []);
    }

    #[test]
    fn a_mark_is_a_line_and_not_a_part_of_one() {
        let block = "-----BEGIN A-----\nAA\nEC\n-----END A-----\n";
        assert_eq!(told(block).unwrap(), [("A", vec![0, 1, 2])]);
        for around in ["see ", "> ", "x", "\"", "#"] {
            let quoted = block.replace("-----BEGIN", &format!("{around}-----BEGIN"));
            assert!(!is_pem(&quoted) && told(&quoted).unwrap().is_empty(), "{around}");
        }
        let both =
            format!("the line -----BEGIN A----- begins one:\r\n  {}text\n", block.replace('\n', "\r\n"));
        assert_eq!(told(&both).unwrap(), [("A", vec![0, 1, 2])]);
        for cut in ["-----END A", "-----END B-----", "x-----END A-----", "-----BEGIN B-----"] {
            assert_eq!(told(&block.replace("-----END A-----", cut)), None, "{cut}");
        }
    }
}
