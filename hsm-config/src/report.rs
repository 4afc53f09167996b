//! The report that checks write into: it knows the section at hand, and turns faults into problems with places.

use crate::document::{At, Document};
use crate::name::Name;
use crate::problem::{Fault, Problems};
use std::fmt::Display;

/// What was found wrong, as seen from one section.
pub(crate) struct Report<'a> {
    document: &'a Document<'a>,
    problems: &'a mut Problems,
    at: At,
}

impl<'a> Report<'a> {
    pub(crate) fn new(document: &'a Document<'a>, problems: &'a mut Problems) -> Self {
        Self { document, problems, at: At::default() }
    }

    /// The same report, seen from a section further in.
    pub(crate) fn within(&mut self, key: &str) -> Report<'_> {
        Report { document: self.document, problems: self.problems, at: self.at.key(key) }
    }

    /// Whether the section has this field, be it sound or not.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.document.has(&self.at.key(field))
    }

    /// Notes a fault of the section as a whole.
    pub(crate) fn refuse(&mut self, fault: Fault) {
        self.note(&self.at.clone(), fault);
    }

    /// Notes a field's fault, if it has one.
    pub(crate) fn expect(&mut self, field: &str, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.note(&self.at.key(field), fault);
        }
    }

    /// Notes the fault of one item of a field, if it has one.
    pub(crate) fn expect_item(&mut self, field: &str, index: usize, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.note(&self.at.key(field).index(index), fault);
        }
    }

    /// Notes an empty list, repeated items and each item's own fault.
    pub(crate) fn expect_all<T: PartialEq + Display>(
        &mut self,
        field: &str,
        items: &[T],
        check: impl Fn(&Self, &T) -> Result<(), Fault>,
    ) {
        if items.is_empty() {
            let fault = Fault::new("empty", format!("{field} names none"), "name at least one");
            self.expect(field, Err(fault));
        }
        for (index, item) in items.iter().enumerate() {
            let result = if items[..index].contains(item) { Err(repeated(item)) } else { check(self, item) };
            self.expect_item(field, index, result);
        }
    }

    pub(crate) fn token_exists(&self, token: &Name) -> Result<(), Fault> {
        self.exists("tokens", token)
    }

    pub(crate) fn connector_exists(&self, connector: &Name) -> Result<(), Fault> {
        self.exists("connectors", connector)
    }

    fn exists(&self, section: &str, name: &Name) -> Result<(), Fault> {
        let known: Vec<&str> = self.document.names(section).collect();
        if known.contains(&name.as_str()) {
            return Ok(());
        }
        let kind = section.trim_end_matches('s');
        let help = crate::serde_errors::suggest(name.as_str(), &known)
            .unwrap_or_else(|| format!("add [{section}.{name}], or name one that is there"));
        Err(Fault::new("unknown-name", format!("there is no {kind} {:?}", name.as_str()), help))
    }

    fn note(&mut self, at: &At, fault: Fault) {
        self.problems.push(self.document.problem(self.document.locate(at), at, fault));
    }
}

fn repeated(item: &impl Display) -> Fault {
    Fault::new("duplicate", format!("\"{item}\" is named twice"), "remove one of them")
}
