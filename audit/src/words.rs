//! Texts that come again and again, each kept once.

use std::collections::HashSet;
use std::fmt::Display;
use std::rc::Rc;

use serde::{Serialize, Serializer};

/// Texts that were seen.
#[derive(Debug, Default)]
pub(crate) struct Words(HashSet<Rc<str>>);

impl Words {
    /// The text, as it is kept.
    pub(crate) fn keep(&mut self, text: &str) -> Rc<str> {
        if let Some(kept) = self.0.get(text) {
            return kept.clone();
        }
        let kept: Rc<str> = text.into();
        self.0.insert(kept.clone());
        kept
    }
}

/// Writes such a text.
pub(crate) fn text<S: Serializer>(text: &Option<Rc<str>>, out: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(out)
}

/// Writes what has a form of its own, as a time.
pub(crate) fn shown<T: Display, S: Serializer>(of: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
    match of {
        Some(of) => out.collect_str(of),
        None => out.serialize_none(),
    }
}
