//! What a problem says is to be written is accepted when it is written so.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use hsm_config::{Config, Problem, Problems, TenantsFile};
use std::fs;
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

/// Fields that a row needs, where its own are not what they should be.
const ROW: [&str; 3] =
    ["contoso.example", "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01", "7d1f2a52-6b1d-4f0e-8a27-6f6f5f0d9a01"];
/// More than the problems that one broken file has.
const STEPS: usize = 100;

#[test]
fn what_a_remedy_says_is_to_be_done_to_a_tenants_file_is_accepted_and_loses_no_row() {
    let broken = fs::read_dir("tests/broken").unwrap().map(|file| file.unwrap().path());
    let broken = broken.filter(|file| file.extension().is_some_and(|kind| kind == "csv"));
    let mut tried = 0;
    for file in broken {
        let mut lines: Vec<Vec<u8>> =
            fs::read(&file).unwrap().split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenants.csv");
        let mut steps = 0..STEPS;
        let read = loop {
            fs::write(&path, lines.join(&b'\n')).unwrap();
            match TenantsFile::load(&path) {
                Ok(read) => break read,
                Err(problems) => {
                    assert!(steps.next().is_some(), "{}: {problems}", file.display());
                    heed(&mut lines, problems.iter().next().unwrap());
                    tried += 1;
                }
            }
        };
        let text = |line: &Vec<u8>| String::from_utf8(line.clone()).unwrap();
        let rows = lines.iter().map(text).filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        assert_eq!(read.len(), rows.count() - 1, "{}", file.display());
        let is_client = |line: &Vec<u8>| line.starts_with(ROW[1].as_bytes());
        assert!(!lines.iter().any(is_client), "{}: a client id stands for a tenant", file.display());
    }
    assert!(tried > 10, "{tried} remedies");
}

/// Does to the lines what a remedy says, as far as its words go.
fn heed(lines: &mut Vec<Vec<u8>>, problem: &Problem) {
    let (help, at) = (problem.help.as_str(), problem.line as usize - 1);
    let text = String::from_utf8_lossy(lines.get(at).map_or(&[][..], Vec::as_slice)).into_owned();
    let mut fields: Vec<&str> = text.split(',').collect();
    if help.starts_with("put ") {
        lines.insert(0, help.split('"').nth(1).unwrap().into());
    } else if help.contains("choose the comma") {
        lines
            .iter_mut()
            .for_each(|line| line.iter_mut().filter(|byte| **byte == b';').for_each(|byte| *byte = b','));
    } else if let Some((_, order)) = help.split_once("in the order ") {
        let order: Vec<&str> = order.split(", the").next().unwrap().split(',').collect();
        let places: Vec<_> =
            order.iter().map(|name| fields.iter().position(|field| field == name).unwrap()).collect();
        for line in lines.iter_mut().filter(|line| !line.is_empty()) {
            let whole = String::from_utf8(line.clone()).unwrap();
            let fields: Vec<&str> = whole.split(',').collect();
            *line = places.iter().map(|place| fields[*place]).collect::<Vec<_>>().join(",").into();
        }
    } else if help.starts_with("remove one of") {
        lines.remove(at);
    } else if help.starts_with("write tenant,") || help.contains("a line") || help.contains("as UTF-8") {
        lines[at] = ROW.join(",").replace("contoso", &format!("contoso-{at}")).into();
    } else {
        let wrong = problem.what.split('"').nth(1).unwrap_or_else(|| panic!("{problem}"));
        let place =
            fields.iter().position(|field| field.trim() == wrong).unwrap_or_else(|| panic!("{problem}"));
        let tenant = format!("contoso-{at}.example");
        fields[place] = if place == 0 { &tenant } else { ROW[place] };
        lines[at] = fields.join(",").into();
    }
}
