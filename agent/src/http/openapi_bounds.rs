//! How long each text of the document is and of which letters, and how large a number: by the constants of the code that
//! reads it.
//!
//! A wire type says of which form a text is, as JSON Schema's `format`; here that becomes the form's pattern or lengths.
//! What JSON Schema knows by itself (`date-time`, `uuid`) stays, and a text without a form is words for people.

use api::{CODES, MAX_ADMIN_BODY, MAX_REASON};
use hsm_config::{ClientId, Name, TenantId};
use ledger::{MAX_PATH_BYTES, TilePath};
use serde_json::json;
use token::message::MAX_VALIDITY_DAYS;
use utoipa::Number;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ArrayItems, Object, SchemaFormat};
use utoipa::openapi::{RefOr, Schema};

/// A code of a problem, a finding or a reason.
const CODE: &str = "[a-z0-9]+(-[a-z0-9]+)*";

/// The bounds of texts of one form.
enum Bounds {
    Pattern(String),
    /// At least so many characters and at most so many.
    Length(usize, usize),
    /// One of these.
    Values(&'static [&'static str]),
}

impl Bounds {
    /// The bounds of a form; none where JSON Schema knows it.
    fn of(form: &str) -> Option<Self> {
        Some(match form {
            "name" => Self::Pattern(Name::pattern()),
            "tenant" => Self::Pattern(TenantId::pattern()),
            "client-id" => Self::Pattern(ClientId::pattern()),
            "guid" => whole("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
            "reason" => Self::Length(1, MAX_REASON),
            "pem" => Self::Length(1, MAX_ADMIN_BODY),
            "digest-to-adopt" => whole("[0-9A-Fa-f]{64}"),
            "hex-sha256" => whole("[0-9a-f]{64}"),
            "hex" => whole("([0-9a-f]{2})*"),
            "base64url-sha256" => whole("[A-Za-z0-9_-]{43}"),
            "base64" => whole("[A-Za-z0-9+/]+={0,2}"),
            "jws" => whole("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+){2}"),
            "code" => whole(CODE),
            "problem-type" => whole(&format!("urn:kunci:problem:{CODE}")),
            "problem-code" => Self::Values(CODES),
            _ => return None,
        })
    }

    fn put(self, text: &mut Object) {
        text.format = None;
        match self {
            Self::Pattern(pattern) => text.pattern = Some(pattern),
            Self::Length(least, most) => {
                (text.min_length, text.max_length) = (Some(least), Some(most));
            }
            Self::Values(values) => {
                text.enum_values = Some(values.iter().map(|value| (*value).into()).collect());
            }
        }
    }
}

fn whole(pattern: &str) -> Bounds {
    Bounds::Pattern(format!("^{pattern}$"))
}

/// Bounds every text of a schema.
pub(super) fn bound(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            bound_object(object);
            object.properties.values_mut().for_each(bound);
        }
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items);
            }
        }
        _ => {}
    }
}

fn bound_object(object: &mut Object) {
    if let Some(SchemaFormat::Custom(form)) = &object.format
        && let Some(bounds) = Bounds::of(form)
    {
        bounds.put(object);
    }
}

/// Bounds how long a certificate may be asked for, and where one may be asked for at all.
pub(super) fn bound_days(provision: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(provision)) = provision else { return };
    if let Some(RefOr::T(Schema::Object(days))) = provision.properties.get_mut("days") {
        (days.minimum, days.maximum) =
            (Some(Number::UInt(1)), Some(Number::UInt(MAX_VALIDITY_DAYS as usize)));
    }
    provision.extensions = Some(Extensions::from_iter([("not", days_for_nothing())]));
}

/// A key that is adopted keeps its certificate, unless a new one is asked for; only that has days.
fn days_for_nothing() -> serde_json::Value {
    json!({
        "required": ["adopt_spki_sha256", "days"],
        "properties": {
            "adopt_spki_sha256": { "type": "string" },
            "days": { "type": "integer" },
            "new_certificate": { "const": false }
        }
    })
}

/// Bounds what stands in a path: a name, or the place of a tile.
pub(super) fn bound_parameter(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    let Some(RefOr::T(Schema::Object(text))) = &mut parameter.schema else { return };
    if parameter.name == "path" {
        Bounds::Pattern(TilePath::pattern()).put(text);
        text.max_length = Some(MAX_PATH_BYTES);
    } else {
        Bounds::Pattern(Name::pattern()).put(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::openapi::ObjectBuilder;
    use utoipa::openapi::schema::Type;

    #[test]
    fn days_of_another_schema_than_provisions_are_its_own() {
        let days = || ObjectBuilder::new().schema_type(Type::Integer);
        let mut other = RefOr::T(Schema::from(ObjectBuilder::new().property("days", days()).build()));
        bound(&mut other);
        let told = serde_json::to_value(&other).unwrap();
        assert_eq!((&told["not"], &told["properties"]["days"]["maximum"]), (&json!(null), &json!(null)));
        bound_days(&mut other);
        let told = serde_json::to_value(&other).unwrap();
        assert_eq!(told["properties"]["days"]["maximum"], MAX_VALIDITY_DAYS);
        assert!(told["not"].is_object());
    }
}
