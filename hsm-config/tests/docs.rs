//! The published example, schema and reference say what the types say.
//!
//! `KUNCI_RENEW=1 cargo test -p hsm-config --test docs` writes the example and the schema anew.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

fn assert_published(name: &str, text: &str) {
    if std::env::var_os("KUNCI_RENEW").is_some() {
        fs::write(docs(name), text).unwrap();
    }
    let published = fs::read_to_string(docs(name)).unwrap_or_default();
    let renew = "KUNCI_RENEW=1 cargo test -p hsm-config --test docs";
    assert!(published == text, "docs/{name} is not what the types say; renew it with: {renew}");
}

#[test]
fn the_published_example_is_the_one_that_the_types_write() {
    assert_published("kunci.example.toml", &hsm_config::example());
}

#[test]
fn the_published_schema_is_the_one_of_the_types() {
    assert_published("kunci.schema.json", &format!("{:#}\n", hsm_config::schema()));
}

#[test]
fn every_field_stands_in_the_reference_under_its_section() {
    let text = fs::read_to_string(docs("configuration.md")).unwrap();
    let chapters = chapters(&text);
    let mut seen = 0;
    for (section, fields) in fields(&hsm_config::schema()) {
        let chapter = chapters.get(section.as_str()).unwrap_or_else(|| panic!("no chapter on [{section}]"));
        for field in fields {
            assert!(
                chapter.contains(&format!("| `{field}` |")),
                "[{section}] {field} is not in the reference"
            );
            seen += 1;
        }
    }
    assert!(seen > 35, "the schema was not understood: {seen} fields");
}

/// The text of each chapter, by the section that its title names: `## [tokens.NAME]`.
fn chapters(text: &str) -> BTreeMap<&str, &str> {
    let chapters = text.split("\n## [").skip(1);
    chapters.map(|chapter| (chapter.split(['.', ']']).next().unwrap_or_default(), chapter)).collect()
}

/// Each section's fields.
fn fields(schema: &Value) -> Vec<(String, Vec<String>)> {
    let sections = schema["properties"].as_object().unwrap().iter();
    sections
        .map(|(section, of)| {
            let entry = of["patternProperties"].as_object().and_then(|entries| entries.values().next());
            let of = entry.unwrap_or(of);
            let path = of["$ref"].as_str().unwrap().trim_start_matches('#');
            let fields = schema.pointer(path).unwrap()["properties"].as_object().unwrap();
            (section.clone(), fields.keys().cloned().collect())
        })
        .collect()
}
