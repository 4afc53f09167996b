//! The configuration's JSON Schema, from the types and their comments.

use crate::config::Config;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

/// The JSON Schema (2020-12) of the configuration, for editors and other programs.
pub fn schema() -> Value {
    SchemaGenerator::default().into_root_schema_for::<Config>().to_value()
}

/// What a section's type says about one of its fields.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) required: bool,
    /// The first paragraph of its comment.
    pub(crate) about: String,
}

/// The fields of a section's type, by name.
pub(crate) fn fields<T: JsonSchema>() -> Vec<Field> {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| Field {
            name: name.clone(),
            required: required.contains(&name.as_str()),
            about: paragraph(&property["description"]),
        })
        .collect()
}

/// The first paragraph of what a section's type says about itself.
pub(crate) fn about<T: JsonSchema>() -> String {
    paragraph(&SchemaGenerator::default().into_root_schema_for::<T>().to_value()["description"])
}

fn paragraph(description: &Value) -> String {
    let text = description.as_str().unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}
