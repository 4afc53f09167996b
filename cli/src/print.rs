//! All printing. Its rules:
//!
//! 1. Results go to standard output; all else (notes, warnings, progress, problems) to standard error.
//! 2. With `--json`, standard output is what the agent sent, byte for byte: a list is one line for each of its
//!    elements. Problems are problem+json on standard error, and nothing else is printed there.
//! 3. Tables, bars and notes are for people at a terminal. Otherwise a table is lines of cells parted by tabs.
//! 4. Words of a token, a caller, a file or a server are [`quoted::Quoted`], and begin no line. What is printed here as one
//!    line is one line, whatever is in it: a page is a list of lines, and a line break of others is an escape.
//! 5. Software is called SOFTWARE. A key of which only the module speaks is "asserted": no word more is said for it.

mod progress;
#[cfg(test)]
pub(crate) mod tests;
mod wrap;

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use quoted::one_line;
use serde_json::value::RawValue;

use crate::failure::Failure;

pub(crate) use progress::{Bar, Spinner};
pub(crate) use wrap::{WIDTH, wrap};

/// The narrowest table, in columns.
const MIN_WIDTH: u16 = 60;
/// What a table gets where the terminal does not tell its width, in columns.
const USUAL_WIDTH: u16 = 100;
/// How far what belongs to the line above is set in, in columns.
const INDENT: usize = 2;

/// What a name from `grade` says to people.
pub(crate) fn grade(grade: Option<&str>) -> &str {
    match grade {
        Some("software") => "SOFTWARE",
        Some(other) => other,
        None => "-",
    }
}

/// The only way to the terminal.
pub(crate) struct Printer {
    /// Whether bodies are printed as they came.
    pub(crate) json: bool,
    out: RefCell<Box<dyn Write>>,
    err: RefCell<Box<dyn Write>>,
    out_terminal: bool,
    err_terminal: bool,
    width: u16,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        let width = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
        Self {
            json,
            out: RefCell::new(Box::new(io::BufWriter::new(io::stdout()))),
            err: RefCell::new(Box::new(io::stderr())),
            out_terminal: io::stdout().is_terminal(),
            err_terminal: io::stderr().is_terminal(),
            width: if width == 0 { USUAL_WIDTH } else { width.max(MIN_WIDTH) },
        }
    }

    /// A line of a result, for people.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.line_of_many(text)?;
        self.finish()
    }

    /// A line of very many: it is written out with others, at the latest by `finish`.
    pub(crate) fn line_of_many(&self, text: &str) -> io::Result<()> {
        writeln!(self.out.borrow_mut(), "{}", one_line(text))
    }

    /// The lines of a page.
    pub(crate) fn lines<T: AsRef<str>>(&self, lines: impl IntoIterator<Item = T>) -> io::Result<()> {
        lines.into_iter().try_for_each(|line| self.line_of_many(line.as_ref()))?;
        self.finish()
    }

    /// A result that is a file's text: as it is.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        self.bytes(text.as_bytes())
    }

    /// A result that is a file's bytes: as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        self.out.borrow_mut().write_all(bytes)?;
        self.finish()
    }

    /// Writes out what is left.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.out.borrow_mut().flush()
    }

    /// One JSON value on one line, unchanged.
    pub(crate) fn json(&self, body: &[u8]) -> io::Result<()> {
        self.json_of_many(body)?;
        self.finish()
    }

    /// One JSON value of very many.
    pub(crate) fn json_of_many(&self, body: &[u8]) -> io::Result<()> {
        let mut out = self.out.borrow_mut();
        out.write_all(body)?;
        if body.ends_with(b"\n") { Ok(()) } else { out.write_all(b"\n") }
    }

    /// A JSON list: one line for each element, each unchanged.
    pub(crate) fn json_lines(&self, body: &[u8]) -> io::Result<()> {
        match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(elements) => elements.iter().try_for_each(|element| self.json(element.get().as_bytes())),
            Err(_) => self.json(body),
        }
    }

    /// A table for a terminal; else a line of tabs for its head and for each row.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        if !self.out_terminal {
            self.cells(head.iter().map(|cell| cell.to_uppercase()))?;
            rows.iter().try_for_each(|row| self.cells(row))?;
            return self.finish();
        }
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        table.set_header(head.iter().map(|cell| cell.to_uppercase()));
        table.add_rows(rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect::<Vec<_>>()));
        table.lines().try_for_each(|line| self.line(line.trim_end()))
    }

    fn cells<T: AsRef<str>>(&self, cells: impl IntoIterator<Item = T>) -> io::Result<()> {
        let cells: Vec<String> = cells.into_iter().map(|cell| one_line(cell.as_ref()).into_owned()).collect();
        writeln!(self.out.borrow_mut(), "{}", cells.join("\t"))
    }

    /// A remark for people at a terminal.
    pub(crate) fn hint(&self, text: &str) {
        if self.err_terminal && !self.json {
            self.error(text);
        }
    }

    /// Something that people should know, wherever standard error goes.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            self.error(text);
        }
    }

    /// Something that people should act on.
    pub(crate) fn warn(&self, text: &str) {
        self.note(&format!("warning: {text}"));
    }

    /// Why the command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.silent {
            return;
        }
        if !self.json {
            let problem = &failure.problem;
            self.error(&format!("kunci: {}", problem.title));
            // Several lines are several problems of a file. None of them begins where ours do.
            return problem.detail.lines().for_each(|line| self.error(&format!("{:INDENT$}{line}", "")));
        }
        let mut err = self.err.borrow_mut();
        let _ = err.write_all(&failure.json).and_then(|()| err.write_all(b"\n"));
    }

    /// A question on the terminal, without a new line.
    pub(crate) fn ask(&self, text: &str) {
        let mut err = self.err.borrow_mut();
        let _ = write!(err, "{}", one_line(text)).and_then(|()| err.flush());
    }

    /// The end of a question whose answer was typed unseen.
    pub(crate) fn answered(&self) {
        self.error("");
    }

    /// Shows that something takes its time; a line when it is over.
    pub(crate) fn spinner(&self, text: &str) -> Spinner {
        Spinner::new(text, self.err_terminal && !self.json)
    }

    /// Shows how far something is.
    pub(crate) fn bar(&self, text: &'static str) -> Bar {
        Bar::new(text, self.err_terminal && !self.json)
    }

    /// Whether results go to a person.
    pub(crate) fn is_terminal(&self) -> bool {
        self.out_terminal
    }

    /// Nobody can be told that standard error is gone.
    fn error(&self, text: &str) {
        let _ = writeln!(self.err.borrow_mut(), "{}", one_line(text));
    }
}
