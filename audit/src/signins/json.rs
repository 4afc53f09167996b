//! JSON as it comes: pages of Graph (`value`), records of an event hub (`records`), answers of Log Analytics (`tables`), an array,
//! an object a line, or any of these one behind the other.
//!
//! An object is taken member by member: once a list stands in it, it is a page, and its elements are rows; else it is a row
//! itself. Only one row is held at a time.

use std::io::Read;

use super::row::Rows;
use super::window::Window;
use super::{Fault, scan, table};

/// Reads documents until the file ends.
pub(super) fn read<R: Read>(window: &mut Window<R>, rows: &mut Rows<'_>) -> Result<(), Fault> {
    while let Some(byte) = window.next()? {
        match byte {
            b'{' => document(window, rows)?,
            // An array of rows, or of pages.
            b'[' => each(window, b'{', |window| document(window, rows))?,
            _ => return Err(Fault::at(window.line(), "here should begin an object or an array")),
        }
    }
    Ok(())
}

/// The members that are looked at by name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// A list of rows: Graph's `value`, an event hub's `records`.
    List,
    /// A list of tables.
    Tables,
    /// A table's columns.
    Columns,
    /// A table's rows.
    Rows,
    Other,
}

impl Member {
    fn of(name: &[u8]) -> Self {
        match name {
            br#""value""# | br#""records""# => Self::List,
            br#""tables""# => Self::Tables,
            br#""columns""# => Self::Columns,
            br#""rows""# => Self::Rows,
            _ => Self::Other,
        }
    }
}

fn document<R: Read>(window: &mut Window<R>, rows: &mut Rows<'_>) -> Result<(), Fault> {
    let mut is_page = false;
    members(window, |window, member| {
        match (member, window.peek()?) {
            (Member::List, Some(b'[')) => each(window, b'{', |window| row(window, rows))?,
            (Member::Tables, Some(b'[')) => each(window, b'{', |window| table::read(window, rows))?,
            _ => {
                scan::value(window)?;
                // Of a page nothing is kept; of what may be a row all is.
                if is_page {
                    window.mark();
                }
                return Ok(());
            }
        }
        is_page = true;
        window.mark();
        Ok(())
    })?;
    if is_page { Ok(()) } else { rows.object(window.line(), window.marked()?) }
}

fn row<R: Read>(window: &mut Window<R>, rows: &mut Rows<'_>) -> Result<(), Fault> {
    scan::value(window)?;
    rows.object(window.line(), window.marked()?)
}

/// Walks an object's members: `each` stands before a member's value, and goes behind it.
pub(super) fn members<R: Read>(
    window: &mut Window<R>,
    mut each: impl FnMut(&mut Window<R>, Member) -> Result<(), Fault>,
) -> Result<(), Fault> {
    window.advance(1);
    loop {
        match window.solid()? {
            Some(b'}') => {
                window.advance(1);
                return Ok(());
            }
            Some(b',') => window.advance(1),
            Some(b'"') => {
                let begins = window.kept();
                scan::string(window)?;
                let member = Member::of(&window.marked()?[begins..]);
                if window.solid()? != Some(b':') {
                    return Err(Fault::at(window.here(), "a name in an object has no value"));
                }
                window.advance(1);
                window.solid()?;
                each(window, member)?;
            }
            Some(_) => return Err(Fault::at(window.here(), "here should stand a name in quotation marks")),
            None => return Err(Fault::cut(window.line())),
        }
    }
}

/// Walks an array whose elements all begin alike; each is kept from where it begins.
pub(super) fn each<R: Read>(
    window: &mut Window<R>,
    begins: u8,
    mut element: impl FnMut(&mut Window<R>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    window.advance(1);
    loop {
        match window.next()? {
            Some(b']') => {
                window.advance(1);
                return Ok(());
            }
            Some(b',') => window.advance(1),
            Some(byte) if byte == begins => element(window)?,
            Some(_) => return Err(Fault::at(window.line(), "an element of the list is no sign-in")),
            None => return Err(Fault::cut(window.line())),
        }
    }
}
