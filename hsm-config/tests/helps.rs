//! What a problem says is to be written is accepted when it is written so.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use hsm_config::{Config, Problem, Problems};
use std::path::Path;

/// Whole, with one field in each line.
const WHOLE: &str = r#"
[agent]
socket_mode = "0660"
max_connections = 1000
max_connections_per_uid = 10
[ledger]
origin = "vendor.example/kunci"
[tokens.frankfurt]
kind = "pkcs11"
module = "/usr/lib/softhsm/libsofthsm2.so"
uri = "pkcs11:token=frankfurt;serial=1"
pin = { credential = "frankfurt-pin" }
lanes = 4
deadline = "10s"
key_ids = { de = "02" }
env = { SOFTHSM2_CONF = "/etc/softhsm2.conf" }
[connectors.de]
region = "Germany"
tokens = ["frankfurt"]
key = "rsa-3072"
algorithm = "PS256"
authority = "https://login.microsoftonline.com"
audience = "{authority}/{tenant}/oauth2/v2.0/token"
lifetime = "5m"
tenants = "tenants/de.csv"
[callers.iep]
unit = "iep.service"
connectors = ["de"]
rate = "50/s"
[admins.officers]
user = "root"
may = ["thaw"]
"#;

/// A line as somebody wrote it, by its key.
const WRONG: [(&str, &str); 21] = [
    ("socket_mode", "\"660 please\""),
    ("max_connections", "\"many\""),
    ("origin", "\"two words\""),
    ("kind", "\"pkcs12\""),
    ("uri", "\"frankfurt\""),
    ("pin", "{ credential = \"x\", file = \"/x\" }"),
    ("pin", "{ credental = \"x\" }"),
    ("lanes", "1.5"),
    ("deadline", "\"10 seconds\""),
    ("key_ids", "{ de = \"slot two\" }"),
    ("region", "\"\""),
    ("tokens", "[\"frankfurd\"]"),
    ("key", "\"rsa-3027\""),
    ("algorithm", "\"PS265\""),
    ("authority", "\"http://login.example/\""),
    ("audience", "\"{authority}/token\""),
    ("lifetime", "\"5 minutes\""),
    ("unit", "\"iep\""),
    ("connectors", "[\"dee\"]"),
    ("rate", "\"50 a second\""),
    ("may", "[\"thew\"]"),
];

#[test]
fn what_a_remedy_says_is_to_be_written_is_accepted() {
    parse(WHOLE).expect("the whole one is whole");
    for (key, wrong) in WRONG {
        let problems = parse(&with(key, wrong)).expect_err(wrong);
        let is_its = |problem: &&Problem| problem.at.split(['.', '[']).skip(1).any(|part| part == key);
        let problem = problems.iter().find(is_its).unwrap_or_else(|| panic!("{key} = {wrong}: {problems}"));
        let mended = match problem.code {
            "unknown-field" => renamed(wrong, problem),
            _ => mended(wrong, &problem.help),
        };
        let written = with(key, &mended);
        parse(&written).unwrap_or_else(|again| panic!("{key} = {wrong}: {problem}\nas it says: {again}"));
    }
}

/// The value with the misspelt field as the remedy has it.
fn renamed(wrong: &str, problem: &Problem) -> String {
    let field = problem.at.rsplit('.').next().unwrap();
    wrong.replace(field, problem.help.split('"').nth(1).unwrap())
}

/// The value as the remedy has it: in braces, in quotes, or a number; in the place of what stood in quotes.
fn mended(wrong: &str, help: &str) -> String {
    let between = |from: char, to: char| {
        let start = help.find(from)?;
        let length = help[start + 1..].find(to)?;
        Some(&help[start..start + length + 2])
    };
    if let Some(source) = between('{', '}').filter(|source| source.contains('=')) {
        return source.replace("NAME", "frankfurt-pin");
    }
    let Some(quoted) = between('"', '"') else {
        return help
            .split(|one: char| !one.is_ascii_digit())
            .rfind(|part| !part.is_empty())
            .expect(help)
            .into();
    };
    let quoted = quoted.replace("LABEL", "frankfurt").replace("NUMBER", "1");
    match (wrong.find('"'), wrong.rfind('"')) {
        // `"50/s"` of a number that was to be in quotes, a name in a list, the only value in a table.
        (Some(first), Some(last)) if wrong.starts_with(['[', '{']) => {
            format!("{}{quoted}{}", &wrong[..first], &wrong[last + 1..])
        }
        _ => quoted,
    }
}

/// The whole configuration with another value of a key.
fn with(key: &str, value: &str) -> String {
    let is_it = |line: &&str| line.split(" = ").next() == Some(key);
    let line = WHOLE.lines().find(is_it).unwrap();
    WHOLE.replace(line, &format!("{key} = {value}"))
}

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(text, Path::new("kunci.toml"))
}
