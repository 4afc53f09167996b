//! The published example, schema and reference say what the types say.
//!
//! `KUNCI_RENEW=1 cargo test -p hsm-config --test docs` writes the example and the schema anew.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What the path of a source begins with.
const CRATES: [&str; 6] = ["hsm-config/", "ledger/", "token/", "agent/", "cli/", "tests/"];

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

#[test]
fn every_link_and_every_source_that_a_page_names_is_there() {
    let mut seen = 0;
    for page in pages(&docs("")) {
        let text = fs::read_to_string(&page).unwrap();
        let folder = page.parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let links =
            links.filter(|link| !link.is_empty() && !link.contains("://")).map(|link| folder.join(link));
        let sources =
            text.split('`').skip(1).step_by(2).filter(|code| CRATES.iter().any(|of| code.starts_with(of)));
        for target in links.chain(sources.map(|source| docs("..").join(source))) {
            assert!(target.exists(), "{} names {}, which is not there", page.display(), target.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "the pages were not understood: {seen} links");
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().flat_map(|folder| pages(folder));
    files.into_iter().filter(|file| file.extension().is_some_and(|of| of == "md")).chain(inner).collect()
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

#[test]
fn every_flaw_stands_in_the_page_on_posture_with_its_reason_and_mend() {
    let text = fs::read_to_string(docs("posture.md")).unwrap();
    for flaw in hsm_config::Flaw::ALL {
        let excuse = if flaw.is_excusable() { "" } else { " **Cannot be excused.**" };
        let row = format!("| `{flaw}` | {}.{excuse} | {}. |", flaw.reason(), flaw.mend());
        assert!(text.contains(&row), "docs/posture.md lacks this row:\n{row}");
    }
}

/// How long a line of prose may be, in characters.
const WIDTH: usize = 110;

#[test]
fn prose_is_wrapped_where_it_is_no_table_and_no_code() {
    let mut pages: Vec<_> = ["", "adr", "how-to"].into_iter().flat_map(|of| markdown(&docs(of))).collect();
    pages.extend(markdown(&docs("..")));
    assert!(pages.len() > 40, "{pages:?}");
    for page in pages {
        let (mut is_code, mut is_generated) = (false, false);
        for (number, line) in fs::read_to_string(&page).unwrap().lines().enumerate() {
            is_generated = is_generated && !line.contains("until here") || line.starts_with("<!-- what");
            is_code ^= line.trim_start().starts_with("```");
            let is_prose = !(is_code || is_generated || line.trim_start().starts_with(['|', '#', '<']));
            let is_long = line.chars().count() > WIDTH && line.trim().contains(' ');
            let at = page.display();
            assert!(!is_prose || !is_long, "{at}:{}: longer than {WIDTH} characters", number + 1);
        }
    }
}

/// The pages that lie directly in a folder, but for the log of changes, which has one line for each.
fn markdown(folder: &Path) -> Vec<PathBuf> {
    let pages = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_page = |page: &PathBuf| page.extension().is_some_and(|end| end == "md");
    pages.filter(|page| is_page(page) && !page.ends_with("CHANGELOG.md")).collect()
}
