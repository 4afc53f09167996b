//! The TOML text with the place of everything in it, so that a problem can point at its line.

use crate::problem::{Fault, Problem, Problems};
use quoted::Plain;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A parsed file.
pub(crate) struct Document<'a> {
    file: &'a Path,
    text: &'a str,
    pub(crate) root: DeTable<'a>,
}

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// The way to a value, as `connectors.de.tokens[1]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct At(pub(crate) Vec<Step>);

impl At {
    pub(crate) fn key(&self, key: &str) -> Self {
        self.clone().step(Step::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.clone().step(Step::Index(index))
    }

    pub(crate) fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(item) => write!(f, "[{item}]")?,
                Step::Key(key) => write!(f, "{}{}", if index == 0 { "" } else { "." }, Plain(key))?,
            }
        }
        Ok(())
    }
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &'a str, file: &'a Path) -> Result<Self, Problems> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { file, text, root: root.into_inner() }),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let fault = syntax(error.message(), text.get(span.clone()).unwrap_or_default());
                let document = Self { file, text, root: DeTable::new() };
                Err(document.problem(span, &At::default(), fault).into())
            }
        }
    }

    /// The names that a section gives to its entries, valid or not.
    pub(crate) fn names(&self, section: &str) -> impl Iterator<Item = &str> {
        let table = self.root.get(section).and_then(|value| value.get_ref().as_table());
        table.into_iter().flatten().map(|(key, _)| key.get_ref().as_ref())
    }

    /// Whether a key of a table is there.
    pub(crate) fn has(&self, at: &At) -> bool {
        let mut table = Some(&self.root);
        at.0.iter().all(|step| {
            let Step::Key(key) = step else { return false };
            let found = table.and_then(|table| table.get(key.as_str()));
            table = found.and_then(|value| value.get_ref().as_table());
            found.is_some()
        })
    }

    /// Where the value at the end of the way stands; where the way ends early, its last part.
    pub(crate) fn locate(&self, at: &At) -> Range<usize> {
        let mut span = 0..0;
        let mut table = Some(&self.root);
        let mut array = None;
        for step in &at.0 {
            let found = match step {
                Step::Key(name) => {
                    table.and_then(|table| table.get_key_value(name.as_str())).map(|(key, value)| {
                        // A table's own place is told by its name: its span covers too much or too little.
                        span = if value.get_ref().is_table() { key.span() } else { value.span() };
                        value
                    })
                }
                Step::Index(item) => array
                    .and_then(|array: &toml::de::DeArray<'_>| array.get(*item))
                    .inspect(|value: &&Spanned<DeValue<'_>>| span = value.span()),
            };
            table = found.and_then(|value| value.get_ref().as_table());
            array = found.and_then(|value| value.get_ref().as_array());
        }
        span
    }

    pub(crate) fn problem(&self, span: Range<usize>, at: &At, fault: Fault) -> Problem {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Problem {
            line: count(before.matches('\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
            at: at.to_string(),
            ..Problem::of_file(self.file, fault)
        }
    }
}

/// A mistake of syntax. Only the first is told: it often draws others after it.
fn syntax(message: &str, found: &str) -> Fault {
    match message {
        "duplicate key" => {
            Fault::new("duplicate", format!("{} is given twice", Plain(found)), "remove one of them")
        }
        _ => Fault::new(
            "syntax",
            format!("this is not TOML: {message}"),
            "mend the line; https://toml.io has the grammar",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_given_twice_is_a_word_of_the_files() {
        let what = |found: &str| syntax("duplicate key", found).what;
        assert_eq!(what("de"), "de is given twice");
        assert_eq!(what("'PROVEN: x'"), "\"'PROVEN: x'\" is given twice");
        assert!(what(&"k".repeat(5000)).len() < 200);
    }
}
