//! A row as it stands: what each field says, unread. JSON becomes one by serde, a table's row cell by cell.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::field::{Field, Name};
use crate::Text;

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(i64),
}

/// What a row's fields say, each with the weight of the name under which it stood.
#[derive(Default)]
pub(super) struct Raw<'a> {
    values: [Option<(u8, Value<'a>)>; Field::COUNT],
    /// It has fields in an object of their own, as a record of Azure Monitor does: then its tenant is the customer's.
    pub(super) is_record: bool,
    /// It says whose sign-ins it is of, and they are no service principal's.
    pub(super) is_others: bool,
}

/// The object in which a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Row,
    Properties,
    Status,
}

impl<'a> Raw<'a> {
    pub(super) fn get(&self, field: Field) -> Option<&Value<'a>> {
        self.values[field as usize].as_ref().map(|(_, value)| value)
    }

    pub(super) fn text(&self, field: Field) -> Option<&str> {
        match self.get(field)? {
            Value::Text(text) => Some(text),
            Value::Number(_) => None,
        }
    }

    /// Takes a value unless one of more weight is there. An empty one says nothing.
    pub(super) fn put(&mut self, field: Field, weight: u8, value: Value<'a>) {
        if value == Value::Text(Cow::Borrowed("")) {
            return;
        }
        let place = &mut self.values[field as usize];
        if place.as_ref().is_none_or(|(there, _)| *there <= weight) {
            *place = Some((weight, value));
        }
    }

    /// Reads an object, into which others may be put.
    pub(super) fn object<'r>(&'r mut self, within: Within) -> impl DeserializeSeed<'a, Value = ()> + 'r
    where
        'a: 'r,
    {
        Object { raw: self, within }
    }
}

/// What weighs more than any name of a row: the same name in the row's own properties.
const INNER: u8 = 8;

struct Object<'r, 'a> {
    raw: &'r mut Raw<'a>,
    within: Within,
}

impl<'a> DeserializeSeed<'a> for Object<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let added = if self.within == Within::Properties { INNER } else { 0 };
        while let Some(name) = map.next_key::<Text<'a>>()? {
            match (Name::of(&name), self.within) {
                (Name::Field(field, weight), _) => {
                    if let Scalar(Some(value)) = map.next_value()? {
                        self.raw.put(field, weight + added, value);
                    }
                }
                (Name::Properties, Within::Row) => {
                    self.raw.is_record = true;
                    map.next_value_seed(Object { raw: self.raw, within: Within::Properties })?;
                }
                (Name::Status, Within::Row | Within::Properties) => {
                    map.next_value_seed(Object { raw: self.raw, within: Within::Status })?;
                }
                (Name::EventTypes, _) => {
                    let Principals(is_principals) = map.next_value()?;
                    self.raw.is_others |= !is_principals;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    /// A status in words.
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.within == Within::Status {
            self.raw.put(Field::Error, 0, Value::Text(Cow::Owned(text.to_owned())));
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A text or a whole number; anything else says nothing.
pub(super) struct Scalar<'a>(pub(super) Option<Value<'a>>);

impl<'a> serde::Deserialize<'a> for Scalar<'a> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'a> Visitor<'a> for ScalarVisitor {
    type Value = Scalar<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Value::Text(Cow::Borrowed(text)))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Value::Text(Cow::Owned(text.to_owned())))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Value::Number(number))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'a>, E> {
        Ok(Scalar(i64::try_from(number).ok().map(Value::Number)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Scalar<'a>, E> {
        Ok(Scalar(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Scalar<'a>, E> {
        Ok(Scalar(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'a>, E> {
        Ok(Scalar(None))
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Scalar<'a>, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<Scalar<'a>, S::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

/// Whether a list of kinds of sign-ins has service principals among it; one that is not there, or is empty, may.
struct Principals(bool);

impl<'a> serde::Deserialize<'a> for Principals {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        let kinds = Option::<Vec<Text<'a>>>::deserialize(from)?.unwrap_or_default();
        let is_principals = |kind: &Text<'_>| kind.eq_ignore_ascii_case("servicePrincipal");
        Ok(Self(kinds.is_empty() || kinds.iter().any(is_principals)))
    }
}
