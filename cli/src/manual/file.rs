//! kunci.toml(5), from the configuration's types: what their comments say, their defaults, their words.

use clap_mangen::roff::{Roff, bold, roman};
use serde_json::{Map, Value};

use super::page;

/// The sections in the order in which a file has them.
const ORDER: [&str; 6] = ["agent", "ledger", "tokens", "connectors", "callers", "admins"];
const ABOUT: &str = "The configuration of kunci-agent(8), in TOML; by default /etc/kunci/kunci.toml. Only root and the agent's user may be \
                     able to write it, its folders and the tenants files. Fields that are not known are refused. Changes are \
                     taken over by kunci reload. kunci config check tells all that is wrong with it, each with its line and \
                     what to do; kunci config example prints a whole one, with every field explained, and kunci config schema \
                     the JSON Schema that this page is made from.";

pub(super) fn page() -> String {
    let schema = hsm_config::schema();
    let mut page = page::begun("kunci.toml", "5");
    page.control("SH", ["NAME"]);
    page.text([roman("kunci.toml - the configuration of Kunci's agent")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(ABOUT)]);
    let mut sections: Vec<(&String, &Value)> =
        schema["properties"].as_object().into_iter().flatten().collect();
    sections.sort_by_key(|(name, _)| ORDER.iter().position(|one| one == name).unwrap_or(ORDER.len()));
    sections.into_iter().for_each(|(name, of)| section(&mut page, &schema, name, of));
    page.control("SH", ["EXAMPLES"]);
    page.control("nf", []);
    page.text([roman("kunci config example > /etc/kunci/kunci.toml")]);
    page.text([roman("kunci config check")]);
    page.control("fi", []);
    page::see_also(&mut page, "kunci.toml");
    page.render()
}

/// A section, or entries of which each has a name.
fn section(page: &mut Roff, schema: &Value, name: &str, of: &Value) {
    let entry = of["patternProperties"].as_object().and_then(|entries| entries.values().next());
    let heading = if entry.is_some() { format!("[{name}.NAME]") } else { format!("[{name}]") };
    let of = resolved(schema, entry.unwrap_or(of));
    page.control("SH", [heading.as_str()]);
    page.text([roman(paragraph(&of["description"]))]);
    let required = of["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<&str> = required.collect();
    for (field, value) in of["properties"].as_object().into_iter().flat_map(Map::iter) {
        let default = match &value["default"] {
            Value::Null if required.contains(&field.as_str()) => ", required".to_owned(),
            Value::Null => String::new(),
            default => format!(", default {default}"),
        };
        page.control("TP", []);
        page.text([bold(field.as_str()), roman(format!(" ({}{default})", kind(schema, value)))]);
        page.text([roman(paragraph(&value["description"]))]);
    }
}

/// What a value may be, in words.
fn kind(schema: &Value, of: &Value) -> String {
    let of = resolved(schema, of);
    if let Some(either) = of["anyOf"].as_array().or(of["oneOf"].as_array()) {
        let words: Vec<String> =
            either.iter().filter_map(|one| Some(one["const"].as_str()?.to_owned())).collect();
        let inner = || either.iter().filter(|one| one["type"] != "null").map(|one| kind(schema, one));
        return if words.is_empty() { inner().collect::<Vec<_>>().join(" or ") } else { words.join(" | ") };
    }
    if let Some(words) = of["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    let types = of["type"]
        .as_array()
        .map(|types| types.iter().find(|one| *one != "null"))
        .unwrap_or(Some(&of["type"]));
    match types.and_then(Value::as_str) {
        Some("array") => format!("list of {}", kind(schema, &of["items"])),
        Some("object") => "table".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        _ => "text".to_owned(),
    }
}

fn resolved<'a>(schema: &'a Value, of: &'a Value) -> &'a Value {
    of["$ref"].as_str().and_then(|path| schema.pointer(path.trim_start_matches('#'))).unwrap_or(of)
}

/// The first paragraph, on one line.
fn paragraph(description: &Value) -> String {
    let text = description.as_str().unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}
