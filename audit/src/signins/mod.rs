//! Entra's service-principal sign-ins, as people get them: Graph's JSON, Azure Monitor's JSON and CSV, the portal's exports.
//!
//! Files are foreign and may be huge: they are streamed, a row at a time in one buffer, and every bound has a name. A row
//! that cannot be read ends the file with its line, since an answer over half a file would be a wrong one. Rows of users
//! and of managed identities are passed over. Where each field stands in which export is in [`field`]; the exports
//! themselves are told in docs/how-to/reconcile-sign-ins.md.

mod csv;
mod fault;
mod field;
mod json;
mod raw;
mod row;
mod scan;
mod table;
mod unpack;
mod when;
mod window;

use std::io::Read;

pub use fault::Fault;
pub use row::{Method, SUMMED_SPAN, SignIn, Thumbprint};

use row::Rows;
use window::Window;

/// The longest row, and whatever else must be held whole, in bytes. Rows with many conditional access policies take 20 KB.
pub const MAX_ROW_BYTES: usize = 1 << 20;
/// The most columns of a table; Azure Monitor has 60.
pub const MAX_COLUMNS: usize = 1024;
/// How deep JSON may be nested; Graph nests 6 deep.
pub const MAX_DEPTH: usize = 64;

/// What a byte order mark of UTF-8 is; Windows puts it in front of JSON and CSV.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file's sign-ins, packed by gzip or not, and hands each on with its line. What `sink` says ends the reading, too.
pub fn read<'s>(
    source: impl Read,
    sink: impl FnMut(u64, &SignIn<'_>) -> Result<(), String> + 's,
) -> Result<(), Fault> {
    let unpacked = unpack::unpack(source).map_err(|error| Fault::unreadable(1, &error))?;
    let mut window = Window::new(unpacked);
    let mut rows = Rows::new(sink);
    match window.rest()? {
        rest if rest.starts_with(UTF8_MARK) => window.advance(UTF8_MARK.len()),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(Fault::utf16()),
        _ => {}
    }
    match window.next()? {
        Some(b'{' | b'[') => json::read(&mut window, &mut rows),
        Some(_) => csv::read(&mut window, &mut rows),
        None => Err(Fault::at(1, "the file is empty")),
    }
}

#[cfg(test)]
mod tests;
