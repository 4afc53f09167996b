//! Reading a tenants file: `tenant,client_id,object_id`, a header, then one row a line.
//!
//! Fields are of alphabets without commas, quotes and line ends, so a line is split at its commas and nothing more; that
//! keeps the number of every line exact. What spreadsheets add (quotes, blanks, empty columns behind, carriage returns) is no
//! part of a field. A file is taken whole or refused whole, and what is wrong on many lines for one cause is told once.

use super::file::TenantsFile;
use super::packed::pack_into;
use crate::problem::{Fault, Problem, Problems};
use crate::tenant::{ClientId, TenantId, excerpt};
use crate::{guid, trusted};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The most rows that a file may have.
pub(super) const MAX_ROWS: usize = 1_000_000;
/// The longest line, in bytes: a tenant, two ids, commas and some room.
const MAX_LINE_BYTES: usize = 600;
/// The largest file, in bytes.
const MAX_FILE_BYTES: u64 = 512 << 20;
/// How many problems of one file are told.
const MAX_PROBLEMS: usize = 20;
const HEADER: [&str; 3] = ["tenant", "client_id", "object_id"];
/// What some programs write in a comma's place, and what it is called.
const OTHER_SEPARATORS: [(char, &str); 2] = [(';', "semicolons"), ('\t', "tabs")];

pub(super) fn load(path: &Path) -> Result<TenantsFile, Problems> {
    let (file, bytes) = trusted::open(path, MAX_FILE_BYTES).map_err(|fault| Problem::of_file(path, fault))?;
    read(BufReader::new(file.take(MAX_FILE_BYTES)), path, usize::try_from(bytes).unwrap_or(0))
}

/// Reads a file; `bytes` is about how long it is.
pub(super) fn read(mut reader: impl BufRead, path: &Path, bytes: usize) -> Result<TenantsFile, Problems> {
    let mut draft = Draft::new(path, bytes);
    let mut line = Vec::with_capacity(MAX_LINE_BYTES + 1);
    loop {
        line.clear();
        let more = read_line(&mut reader, &mut line).map_err(|error| draft.unreadable(&error))?;
        draft.line = draft.line.saturating_add(1);
        if !more {
            return draft.finish();
        }
        draft.take(&line);
        if draft.is_another_kind {
            return Err(draft.problems);
        }
        if draft.full || draft.problems.len() >= MAX_PROBLEMS {
            return Err(draft.give_up());
        }
    }
}

/// Reads a line without its end: a line feed, a carriage return or both. Of a line that is too long, so much that it shows.
/// False where there is none.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut any = false;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (text, used) = end.map_or((bytes, bytes.len()), |end| (&bytes[..end], end + 1));
        let room = (MAX_LINE_BYTES + 1).saturating_sub(line.len());
        line.extend(&text[..text.len().min(room)]);
        let is_return = end.is_some_and(|end| bytes[end] == b'\r');
        reader.consume(used);
        if is_return && reader.fill_buf()?.first() == Some(&b'\n') {
            reader.consume(1);
        }
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// A file that is being read.
struct Draft<'a> {
    path: &'a Path,
    line: u32,
    headed: bool,
    /// Whether it is no file of tenants at all, so that each of its lines would only say so again.
    is_another_kind: bool,
    /// Whether a row found no room.
    full: bool,
    rows: TenantsFile,
    /// The line of each row, in the order of the file.
    lines: Vec<u32>,
    problems: Problems,
    /// How many lines more have what was told of one already.
    repeated: HashMap<String, u32>,
}

impl<'a> Draft<'a> {
    fn new(path: &'a Path, bytes: usize) -> Self {
        // A packed row is never longer than its line, so the arena never moves while a file is read. What is
        // reserved and not used is never touched, and given back at the end.
        let rows = TenantsFile { arena: Vec::with_capacity(bytes.saturating_add(2)), index: Vec::new() };
        Self {
            path,
            line: 0,
            headed: false,
            is_another_kind: false,
            full: false,
            rows,
            lines: Vec::new(),
            problems: Problems::default(),
            repeated: HashMap::new(),
        }
    }

    fn take(&mut self, line: &[u8]) {
        let Err(fault) = self.parse(line) else { return };
        match self.repeated.get_mut(&fault.what) {
            Some(count) => *count += 1,
            None => {
                self.repeated.insert(fault.what.clone(), 0);
                self.problems.push(Problem::on_line(self.path, self.line, fault));
            }
        }
    }

    /// What is wrong, each cause once.
    fn told(mut self) -> Problems {
        for problem in self.problems.iter_mut() {
            match self.repeated.get(&problem.what) {
                Some(1) => problem.what.push_str(", and so it is on one line more"),
                Some(more @ 2..) => {
                    problem.what = format!("{}, and so it is on {more} lines more", problem.what);
                }
                _ => {}
            }
        }
        self.problems.sorted()
    }

    fn parse(&mut self, line: &[u8]) -> Result<(), Fault> {
        if line.len() > MAX_LINE_BYTES {
            let what = format!("the line is longer than {MAX_LINE_BYTES} bytes");
            return Err(Fault::new("row-too-long", what, "write one tenant,client_id,object_id a line"));
        }
        let text = std::str::from_utf8(line).map_err(|_| {
            self.is_another_kind = true;
            Fault::new("malformed-row", "the line is not UTF-8", "save the file as UTF-8 text")
        })?;
        let text = if self.line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        if !self.headed {
            self.headed = true;
            let header = header(text);
            self.is_another_kind = header.is_err();
            return header;
        }
        self.add(split(text)?)
    }

    fn add(&mut self, [tenant, client_id, object_id]: [&str; 3]) -> Result<(), Fault> {
        TenantId::parse(tenant).map_err(malformed)?;
        ClientId::parse(client_id).map_err(malformed)?;
        if !object_id.is_empty() {
            guid::parse(object_id).ok_or_else(|| {
                let what = format!("{} is not an object id", excerpt(object_id));
                let help = "write the GUID that Entra shows as the application's object ID, or nothing";
                malformed(Fault::value(what, help))
            })?;
        }
        let room = self.rows.index.len() < MAX_ROWS;
        let Some(offset) = u32::try_from(self.rows.arena.len()).ok().filter(|_| room) else {
            self.full = true;
            let what = format!("the file has more than {MAX_ROWS} rows");
            return Err(Fault::new(
                "too-many-rows",
                what,
                "split the connector's tenants over several connectors",
            ));
        };
        for field in [tenant, client_id, object_id] {
            // Each was parsed above, so each is short enough to be packed.
            pack_into(&mut self.rows.arena, field).unwrap_or_default();
        }
        self.rows.index.push(offset);
        self.lines.push(self.line);
        Ok(())
    }

    /// What is told of a file that is not read to its end.
    fn give_up(mut self) -> Problems {
        let fault = Fault::new(
            "not-read-further",
            "the file was read no further",
            "mend what is told, and check again",
        );
        self.problems.push(Problem::on_line(self.path, self.line, fault));
        self.told()
    }

    fn finish(mut self) -> Result<TenantsFile, Problems> {
        if !self.headed {
            self.problems.push(Problem::on_line(self.path, 1, missing_header()));
        }
        let mut index = std::mem::take(&mut self.rows.index);
        index.sort_unstable_by(|a, b| self.rows.compare(*a, *b).then(a.cmp(b)));
        self.note_repeated(&index);
        if !self.problems.is_empty() {
            return Err(self.told());
        }
        self.rows.index = index;
        self.rows.index.shrink_to_fit();
        self.rows.arena.shrink_to_fit();
        Ok(self.rows)
    }

    fn note_repeated(&mut self, index: &[u32]) {
        let same = index.windows(2).filter(|pair| self.rows.compare(pair[0], pair[1]).is_eq());
        let same: Vec<_> = same.take(MAX_PROBLEMS).map(|pair| (pair[0], pair[1])).collect();
        if same.is_empty() {
            return;
        }
        let mut in_file = index.to_vec();
        in_file.sort_unstable();
        let line = |offset| {
            in_file.binary_search(&offset).ok().and_then(|at| self.lines.get(at)).copied().unwrap_or(0)
        };
        for (first, second) in same {
            let what = format!("this tenant and client id stand on line {} already", line(first));
            let fault = Fault::new("duplicate", what, "remove one of the two lines");
            self.problems.push(Problem::on_line(self.path, line(second), fault));
        }
    }

    fn unreadable(&self, error: &std::io::Error) -> Problem {
        let help = "see to it that the file can be read to its end";
        let fault = Fault::new("file-unreadable", format!("it cannot be read: {error}"), help);
        Problem::on_line(self.path, self.line.saturating_add(1), fault)
    }
}

fn split(line: &str) -> Result<[&str; 3], Fault> {
    let mut fields = line.split(',').map(plain);
    match (fields.next(), fields.next(), fields.next()) {
        (Some(tenant), Some(client_id), Some(object_id)) if fields.all(str::is_empty) => {
            Ok([tenant, client_id, object_id])
        }
        _ => {
            let what = format!("the line should have 3 fields, and has {}", line.split(',').count());
            let help = "write tenant,client_id,object_id; the object id may be empty, its comma not missing";
            Err(Fault::new("malformed-row", what, help))
        }
    }
}

/// A field without the space and the one pair of quotes that spreadsheets put around it.
fn plain(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(field).trim()
}

fn header(line: &str) -> Result<(), Fault> {
    let is_header =
        |fields: [&str; 3]| fields.iter().zip(HEADER).all(|(is, wanted)| is.eq_ignore_ascii_case(wanted));
    if split(line).is_ok_and(is_header) {
        return Ok(());
    }
    // Put above rows of another order, the header alone would have tenants taken for client ids.
    let has =
        |fields: [&str; 3]| HEADER.iter().all(|name| fields.iter().any(|is| is.eq_ignore_ascii_case(name)));
    if split(line).is_ok_and(has) {
        let help =
            format!("write the fields of every line in the order {}, the first line's too", HEADER.join(","));
        return Err(Fault::new("missing-header", "the header has its fields in another order", help));
    }
    let other =
        OTHER_SEPARATORS.into_iter().find(|(separator, _)| !line.contains(',') && line.contains(*separator));
    Err(other.map_or_else(missing_header, |(_, named)| {
        let what = format!("the fields are parted by {named}");
        let help = "save the file as CSV with commas: in a spreadsheet, choose the comma where it asks for a separator";
        Fault::new("missing-header", what, help)
    }))
}

fn missing_header() -> Fault {
    let header = HEADER.join(",");
    Fault::new(
        "missing-header",
        "the file does not begin with its header",
        format!("put {header:?} on its first line"),
    )
}

fn malformed(fault: Fault) -> Fault {
    Fault { code: "malformed-row", ..fault }
}
