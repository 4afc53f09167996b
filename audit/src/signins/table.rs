//! A table of Log Analytics' query API: columns with names, then rows that are arrays in their order.

use std::borrow::Cow;
use std::io::Read;

use serde::Deserialize;

use super::field::{self, Column};
use super::json::{Member, each, members};
use super::row::Rows;
use super::window::Window;
use super::{Fault, MAX_COLUMNS, scan};

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Reads the table that begins here.
pub(super) fn read<R: Read>(window: &mut Window<R>, rows: &mut Rows<'_>) -> Result<(), Fault> {
    let mut columns: Option<Vec<Column>> = None;
    members(window, |window, member| {
        window.mark();
        match (member, &columns) {
            (Member::Columns, _) => {
                scan::value(window)?;
                columns = Some(self::columns(window.line(), window.marked()?)?);
            }
            (Member::Rows, Some(columns)) if window.peek()? == Some(b'[') => each(window, b'[', |window| {
                scan::value(window)?;
                rows.array(window.line(), columns, window.marked()?)
            })?,
            (Member::Rows, _) => {
                return Err(Fault::at(window.line(), "a table's rows stand before the names of its columns"));
            }
            _ => scan::value(window)?,
        }
        window.mark();
        Ok(())
    })
}

fn columns(line: u64, bytes: &[u8]) -> Result<Vec<Column>, Fault> {
    let named: Vec<Named<'_>> = serde_json::from_slice(bytes).map_err(|error| Fault::json(line, &error))?;
    if named.len() > MAX_COLUMNS {
        return Err(Fault::wide(line));
    }
    field::header(line, named.iter().map(|column| &*column.name))
}
