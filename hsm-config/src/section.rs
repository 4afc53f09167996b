//! Reading one section into its type, and noting all that hinders it, not only the first thing.
//!
//! serde stops at the first error. So the field that it stopped at is noted, taken out, and the rest read again.

use crate::document::{At, Document, Step};
use crate::name::Name;
use crate::problem::{Fault, Problems};
use crate::schema;
use crate::serde_errors;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A section's type.
pub(crate) trait Section: DeserializeOwned + JsonSchema {}
impl<T: DeserializeOwned + JsonSchema> Section for T {}

impl Document<'_> {
    /// Notes sections that do not exist.
    pub(crate) fn check_sections(&self, known: &[&str], problems: &mut Problems) {
        for (key, _) in &self.root {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let help = serde_errors::suggest(name, known)
                    .unwrap_or_else(|| format!("use one of: {}", known.join(", ")));
                let fault = Fault::new("unknown-field", format!("there is no section {name:?}"), help);
                problems.push(self.problem(key.span(), &At::default().key(name), fault));
            }
        }
    }

    /// The section of this name; an absent one is read as an empty one.
    pub(crate) fn section<T: Section>(&self, name: &str, problems: &mut Problems) -> Option<T> {
        let empty = Spanned::new(0..0, DeValue::Table(DeTable::new()));
        self.read(self.root.get(name).unwrap_or(&empty), &At::default().key(name), problems)
    }

    /// All entries of a section that could be read, by name.
    pub(crate) fn entries<T: Section>(&self, section: &str, problems: &mut Problems) -> BTreeMap<Name, T> {
        let mut entries = BTreeMap::new();
        let at = At::default().key(section);
        let Some(value) = self.root.get(section) else { return entries };
        let Some(table) = value.get_ref().as_table() else {
            let fault = Fault::new("wrong-type", "this is not a table", format!("write [{section}.NAME]"));
            problems.push(self.problem(value.span(), &at, fault));
            return entries;
        };
        for (key, value) in table {
            let at = at.key(key.get_ref());
            let name =
                key.get_ref().parse().map_err(|fault| problems.push(self.problem(key.span(), &at, fault)));
            if let (Ok(name), Some(entry)) = (name, self.read(value, &at, problems)) {
                entries.insert(name, entry);
            }
        }
        entries
    }

    /// The section, as far as it can be read: a field that is refused is noted, and left out if it may be absent.
    fn read<T: Section>(&self, value: &Spanned<DeValue<'_>>, at: &At, problems: &mut Problems) -> Option<T> {
        if !value.get_ref().is_table() {
            let fault = Fault::new(
                "wrong-type",
                "this is not a table",
                format!("write [{at}], and its fields below"),
            );
            problems.push(self.problem(value.span(), at, fault));
            return None;
        }
        let mut rest = value.clone();
        let mut noted = self.note_missing::<T>(value.get_ref(), at, problems);
        loop {
            let error = match T::deserialize(ValueDeserializer::from(rest.clone())) {
                Ok(section) => return Some(section),
                Err(error) => error,
            };
            let span = error.span().unwrap_or_default();
            let way = way_to(value.get_ref(), &span).unwrap_or_default();
            // Where no field is to blame, one is missing: never written, or left out below. Both are noted already.
            if !way.is_empty() || !noted {
                let at = way.iter().cloned().fold(at.clone(), At::step);
                problems.push(self.problem(span, &at, serde_errors::fault(error.message())));
            }
            noted = true;
            let Some(Step::Key(field)) = way.first() else { return None };
            remove(&mut rest, field)?;
        }
    }

    /// Notes each required field that is not there; tells whether there was one.
    fn note_missing<T: Section>(&self, value: &DeValue<'_>, at: &At, problems: &mut Problems) -> bool {
        let Some(table) = value.as_table() else { return false };
        let missing: Vec<_> = schema::fields::<T>()
            .into_iter()
            .filter(|f| f.required && !table.contains_key(f.name.as_str()))
            .collect();
        for field in &missing {
            let fault = Fault::new(
                "missing-field",
                format!("{} is missing", field.name),
                format!("add {} = …  # {}", field.name, field.about),
            );
            problems.push(self.problem(self.locate(at), at, fault));
        }
        !missing.is_empty()
    }
}

/// The way from a value to the key or the value that stands exactly at this place.
fn way_to(value: &DeValue<'_>, span: &Range<usize>) -> Option<Vec<Step>> {
    let lead = |step: Step, rest: Vec<Step>| [step].into_iter().chain(rest).collect();
    if let Some(array) = value.as_array() {
        return array.iter().enumerate().find_map(|(index, item)| {
            let inner = way_to(item.get_ref(), span);
            inner.or_else(|| (item.span() == *span).then(Vec::new)).map(|rest| lead(Step::Index(index), rest))
        });
    }
    value.as_table()?.iter().find_map(|(key, value)| {
        let here = key.span() == *span || value.span() == *span;
        let inner = way_to(value.get_ref(), span);
        inner.or_else(|| here.then(Vec::new)).map(|rest| lead(Step::Key(key.get_ref().to_string()), rest))
    })
}

fn remove<'i>(value: &mut Spanned<DeValue<'i>>, field: &str) -> Option<Spanned<DeValue<'i>>> {
    match value.get_mut() {
        DeValue::Table(table) => table.remove(field),
        _ => None,
    }
}
