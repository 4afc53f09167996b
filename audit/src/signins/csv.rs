//! CSV with a header, as Azure Monitor and the portal export it (RFC 4180). Spreadsheets part by semicolons or tabs; that is
//! seen by the header.

use std::io::Read;
use std::str;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::field::{self, Column};
use super::row::Rows;
use super::window::Window;
use super::{Fault, MAX_COLUMNS, MAX_ROW_BYTES};

/// What may part cells.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

pub(super) fn read<R: Read>(window: &mut Window<R>, rows: &mut Rows<'_>) -> Result<(), Fault> {
    let mut table = Table::new(delimiter(window.rest()?));
    let Some(line) = table.next(window)? else { return Err(Fault::at(1, "the file is empty")) };
    let header = table.cells(line)?.collect::<Result<Vec<_>, _>>()?;
    let columns = field::header(line, header.into_iter())?;
    while let Some(line) = table.next(window)? {
        if table.width != columns.len() {
            let (width, wanted) = (table.width, columns.len());
            return Err(Fault::at(line, format!("the row has {width} columns, and the header {wanted}")));
        }
        rows.cells(line, wanted(&columns, table.cells(line)?))?;
    }
    Ok(())
}

/// The cells of columns that say something of a sign-in.
fn wanted<'c>(
    columns: &'c [Column],
    cells: impl Iterator<Item = Result<&'c str, Fault>>,
) -> impl Iterator<Item = Result<(field::Field, u8, &'c str), Fault>> {
    columns.iter().zip(cells).filter_map(|(column, cell)| {
        let (field, weight) = (*column)?;
        Some(cell.map(|cell| (field, weight, cell)))
    })
}

/// Whatever stands most often in the first line.
fn delimiter(begin: &[u8]) -> u8 {
    let line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // Of equals the last is taken, and nothing at all is a comma.
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(DELIMITERS[0])
}

/// The one row that is held.
struct Table {
    reader: Reader,
    bytes: Box<[u8]>,
    ends: Box<[usize]>,
    width: usize,
}

impl Table {
    fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            bytes: vec![0; MAX_ROW_BYTES].into(),
            // One more, so that a row of the most columns is told from a longer one.
            ends: vec![0; MAX_COLUMNS + 1].into(),
            width: 0,
        }
    }

    /// Reads the next row; the line on which it begins.
    fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<u64>, Fault> {
        let (mut bytes, mut ends) = (0, 0);
        let line = self.reader.line();
        loop {
            let (result, read, written, ended) =
                self.reader.read_record(window.rest()?, &mut self.bytes[bytes..], &mut self.ends[ends..]);
            window.advance(read);
            window.mark();
            (bytes, ends) = (bytes + written, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err(Fault::long(line)),
                ReadRecordResult::Record if ends <= MAX_COLUMNS => {
                    self.width = ends;
                    return Ok(Some(line));
                }
                ReadRecordResult::OutputEndsFull | ReadRecordResult::Record => return Err(Fault::wide(line)),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn cells(&self, line: u64) -> Result<impl Iterator<Item = Result<&str, Fault>>, Fault> {
        let ends = &self.ends[..self.width];
        let begins = std::iter::once(0).chain(ends.iter().copied());
        let utf8 = move |bytes| str::from_utf8(bytes).map_err(|_| Fault::at(line, "a cell is not UTF-8"));
        Ok(begins.zip(ends).map(move |(begin, end)| utf8(&self.bytes[begin..*end])))
    }
}
