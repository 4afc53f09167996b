//! Names that stand in millions of rows, each held once and known by its number.
//!
//! A GUID is the same in every writing (RFC 9562), and any other name whatever its case: Entra compares both so.

use std::fmt;
use std::hash::Hash;

use indexmap::IndexSet;
use uuid::Uuid;

use super::bounds::MAX_DIFFERENT;

/// A tenant or an application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Name {
    Id(Uuid),
    /// A tenant's domain name, or what else an application is called in a trial.
    Word(Box<str>),
}

impl Name {
    pub(super) fn of(text: &str) -> Self {
        match Uuid::try_parse(text.trim()) {
            Ok(id) => Self::Id(id),
            Err(_) => Self::Word(text.trim().to_ascii_lowercase().into()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// A number in place of what it stands for.
pub(super) type Number = u32;

/// What was named so far.
#[derive(Clone, Debug)]
pub(super) struct Names<T>(IndexSet<T>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(IndexSet::new())
    }
}

/// There are more different names than are held.
#[derive(Debug, thiserror::Error)]
#[error(
    "there are more than {MAX_DIFFERENT} different tenants, applications, credentials, addresses or resources"
)]
pub(super) struct TooMany;

impl<T: Hash + Eq> Names<T> {
    pub(super) fn number(&mut self, name: T) -> Result<Number, TooMany> {
        let (at, _) = self.0.insert_full(name);
        if at < MAX_DIFFERENT { Ok(at as Number) } else { Err(TooMany) }
    }

    pub(super) fn find(&self, name: &T) -> Option<Number> {
        self.0.get_index_of(name).map(|at| at as Number)
    }

    pub(super) fn name(&self, number: Number) -> &T {
        &self.0[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_in_every_writing() {
        let id = "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01";
        for text in [id, &id.to_uppercase(), &format!("{{{id}}}"), " 2F0c1a526b1d4f0e8a276f6f5f0d9a01 "] {
            assert_eq!(Name::of(text), Name::of(id));
            assert_eq!(Name::of(text).to_string(), id);
        }
        assert_eq!(Name::of("Contoso.OnMicrosoft.com"), Name::of("contoso.onmicrosoft.com"));
    }
}
