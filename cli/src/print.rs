//! All printing. Its rules:
//!
//! 1. Results go to standard output; all else (notes, warnings, progress, problems) to standard error.
//! 2. With `--json`, standard output is what the agent sent, byte for byte: a list is one line for each of its
//!    elements. Problems are problem+json on standard error, and nothing else is printed there.
//! 3. At a terminal, long lines are broken between words at its width, and what follows is set in. Elsewhere a line is one
//!    line, however long, and a row of a table too: people grep them. Tables are aligned everywhere. Programs read JSON.
//! 4. Words of a token, a caller, a file or a server are [`quoted::Quoted`], and begin no line. What is printed here as one
//!    line is one line, whatever is in it: a page is a list of lines, and a line break of others is an escape.
//! 5. A command that people may copy stands in backquotes, which keep it in one piece.
//! 6. Software is called SOFTWARE. A key of which only the module speaks is "asserted": no word more is said for it.

mod progress;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod wrap;

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use quoted::one_line;
use serde_json::value::RawValue;

use crate::failure::Failure;

pub(crate) use progress::{Bar, Spinner};
pub(crate) use wrap::{WIDTH, wrap};

/// The narrowest page, in columns: below, a terminal breaks lines itself.
const MIN_WIDTH: usize = 40;
/// How far what belongs to the line above is set in, in columns.
const INDENT: usize = 2;
/// How much further in goes on what was broken.
const HANGING: usize = 4;

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
    /// What fits on a line of each, where it is a terminal.
    out_width: Option<usize>,
    err_width: Option<usize>,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            out: RefCell::new(Box::new(io::BufWriter::new(io::stdout()))),
            err: RefCell::new(Box::new(io::stderr())),
            out_width: width(&io::stdout()),
            err_width: width(&io::stderr()),
        }
    }

    /// A line of a result, for people.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.line_of_many(text)?;
        self.finish()
    }

    /// A line of very many: it is written out with others, at the latest by `finish`.
    pub(crate) fn line_of_many(&self, text: &str) -> io::Result<()> {
        let mut out = self.out.borrow_mut();
        broken(text, self.out_width).iter().try_for_each(|line| writeln!(out, "{line}"))
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

    /// Bytes of very many, as they are.
    pub(crate) fn bytes_of_many(&self, bytes: &[u8]) -> io::Result<()> {
        self.out.borrow_mut().write_all(bytes)
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

    /// A table: a line for its head and for each row, unless a terminal is too narrow.
    pub(crate) fn table(&self, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let head: Vec<String> = head.iter().map(|cell| cell.to_uppercase()).collect();
        let shown = |row: &Vec<String>| row.iter().map(|cell| one_line(cell).into_owned()).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
        let mut out = self.out.borrow_mut();
        table::lines(&head, &rows, self.out_width).iter().try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()
    }

    /// A remark for people at a terminal.
    pub(crate) fn hint(&self, text: &str) {
        if self.err_width.is_some() && !self.json {
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
        Spinner::new(text, self.err_width.is_some() && !self.json)
    }

    /// Shows how far something is.
    pub(crate) fn bar(&self, text: &'static str) -> Bar {
        Bar::new(text, self.err_width.is_some() && !self.json)
    }

    /// Whether results go to a person.
    pub(crate) fn is_terminal(&self) -> bool {
        self.out_width.is_some()
    }

    /// Nobody can be told that standard error is gone.
    fn error(&self, text: &str) {
        let mut err = self.err.borrow_mut();
        let _ = broken(text, self.err_width).iter().try_for_each(|line| writeln!(err, "{line}"));
    }
}

/// What fits on a line of a terminal; nothing where it is none.
fn width(of: &(impl AsFd + IsTerminal)) -> Option<usize> {
    let told = || rustix::termios::tcgetwinsize(of).map_or(0, |size| usize::from(size.ws_col));
    of.is_terminal().then(told).map(|width| if width == 0 { WIDTH } else { width.max(MIN_WIDTH) })
}

/// One line, or where it is too long for a terminal several; what follows the first is set in.
fn broken(text: &str, width: Option<usize>) -> Vec<String> {
    let line = one_line(text);
    let Some(width) = width else { return vec![line.into_owned()] };
    let own = line.len() - line.trim_start_matches(' ').len();
    wrap(&line, width, own + HANGING)
}
