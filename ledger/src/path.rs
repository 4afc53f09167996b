//! Tile and bundle paths of C2SP tlog-tiles, below `tile/`: `0/x001/234`, `entries/000.p/5`.
//!
//! Parsing is strict: a path is taken only where printing gives the same bytes, so no tile has two names.

use std::{fmt, str::FromStr};

use crate::WIDTH;

/// The highest tile level (C2SP tlog-tiles).
const MAX_LEVEL: u8 = 5;

/// The longest path that can name anything: a 64-bit number takes 7 groups.
pub const MAX_PATH_BYTES: usize = 64;

/// Names one tile of hashes or one bundle of entries, full or partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TilePath {
    /// Hashes at `level`: 0 holds leaf hashes, each higher one the roots of the full tiles below it.
    Tile {
        /// 0 to 5.
        level: u8,
        /// The number of the tile in its level.
        n: u64,
        /// 1 to 256; 256 is a full tile.
        width: u16,
    },
    /// A bundle of entries.
    Entries {
        /// The number of the bundle.
        n: u64,
        /// 1 to 256; 256 is a full bundle.
        width: u16,
    },
}

impl TilePath {
    /// The regular expression of all paths, as JSON Schema takes it; some that it takes have a second name, or count too far.
    pub fn pattern() -> String {
        format!("^(entries|[0-{MAX_LEVEL}])(/x[0-9]{{3}})*/[0-9]{{3}}(\\.p/[1-9][0-9]{{0,2}})?$")
    }
}

/// The text names no tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tile path of C2SP tlog-tiles")]
pub struct BadPath;

impl FromStr for TilePath {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        let path = parse(text).ok_or(BadPath)?;
        if path.to_string() == text { Ok(path) } else { Err(BadPath) }
    }
}

fn parse(text: &str) -> Option<TilePath> {
    if text.len() > MAX_PATH_BYTES {
        return None;
    }
    let (level, rest) = text.split_once('/')?;
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|w| (1..WIDTH).contains(w))?),
        None => (rest, WIDTH),
    };
    let n = parse_number(number)?;
    if level == "entries" {
        return Some(TilePath::Entries { n, width });
    }
    let level = level.parse().ok().filter(|level| *level <= MAX_LEVEL)?;
    Some(TilePath::Tile { level, n, width })
}

fn parse_number(text: &str) -> Option<u64> {
    let mut groups = text.split('/').rev();
    let mut number = group(groups.next()?)?;
    let mut scale = 1u64;
    for text in groups {
        scale = scale.checked_mul(1000)?;
        number = number.checked_add(group(text.strip_prefix('x')?)?.checked_mul(scale)?)?;
    }
    Some(number)
}

fn group(text: &str) -> Option<u64> {
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, width) = match *self {
            Self::Tile { level, n, width } => {
                write!(f, "{level}/")?;
                (n, width)
            }
            Self::Entries { n, width } => {
                f.write_str("entries/")?;
                (n, width)
            }
        };
        write_groups(n / 1000, f)?;
        write!(f, "{:03}", n % 1000)?;
        if width < WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

fn write_groups(high: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if high == 0 {
        return Ok(());
    }
    write_groups(high / 1000, f)?;
    write!(f, "x{:03}/", high % 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let n = 1_234_067;
        assert_eq!("0/x001/x234/067".parse(), Ok(TilePath::Tile { level: 0, n, width: 256 }));
        assert_eq!("entries/x001/x234/067.p/5".parse(), Ok(TilePath::Entries { n, width: 5 }));
        assert_eq!("5/000".parse(), Ok(TilePath::Tile { level: 5, n: 0, width: 256 }));
    }

    #[test]
    fn no_tile_has_a_second_name() {
        for bad in [
            "",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "00/000",
            "+0/000",
            "6/000",
            "63/000",
            "0/x000/001",
            "0/001/001",
            "0/x001",
            "0/x001/x002",
            "entries/000.p/0",
            "entries/000.p/256",
            "entries/000.p/05",
            "entries/000.p/",
            "entries/000.p/+5",
            "Entries/000",
            "0/000/",
            "/0/000",
            "0/../000",
            "0/x00a/000",
            "0/000.p/5.p/5",
            "0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/000",
            "-1/000",
            "0/٠٠٠",
        ] {
            assert_eq!(bad.parse::<TilePath>(), Err(BadPath), "{bad}");
        }
    }

    fn any_path() -> impl Strategy<Value = TilePath> {
        (any::<u64>(), 0u32..64, 1u16..=256, prop::option::of(0u8..=5)).prop_map(
            |(n, shift, width, level)| {
                let n = n >> shift;
                level.map_or(TilePath::Entries { n, width }, |level| TilePath::Tile { level, n, width })
            },
        )
    }

    proptest! {
        #[test]
        fn every_path_is_read_back_as_itself(path in any_path()) {
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn what_is_accepted_prints_as_it_was_given(text in "(entries|[0-9]{1,2})(/x?[0-9]{1,4}){1,4}(\\.p/[0-9]{1,3})?") {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
