//! Reading what others wrote: whole, bounded, from a file or from standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::Failure;

/// Standard input, where a path is expected.
const STANDARD_INPUT: &str = "-";

/// At most one byte more than is accepted, so that what is too large is seen as such and not as cut short.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = most as u64 + 1;
    let done = match path.as_os_str() == STANDARD_INPUT {
        true => io::stdin().lock().take(most).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    done.map_err(|error| Failure::file(path, &error))?;
    Ok(bytes)
}
