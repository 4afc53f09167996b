//! Texts that come again and again, each kept once.

use std::collections::HashMap;
use std::fmt::Display;
use std::rc::Rc;

use serde::{Serialize, Serializer};

/// Texts that were seen, each by a number.
#[derive(Debug, Default)]
pub(crate) struct Words {
    numbers: HashMap<Rc<str>, u32>,
    texts: Vec<Rc<str>>,
}

impl Words {
    /// The number of a text.
    pub(crate) fn keep(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let (kept, number): (Rc<str>, _) = (text.into(), self.texts.len() as u32);
        self.numbers.insert(kept.clone(), number);
        self.texts.push(kept);
        number
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: Option<u32>) -> Option<Rc<str>> {
        number.and_then(|number| self.texts.get(number as usize)).cloned()
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
