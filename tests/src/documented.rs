//! Each answer that a test gets has a status that the API's document has for what was asked, whatever the test is about.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Fails where the document has the operation and not the status.
#[track_caller]
pub fn expect(method: &str, path: &str, status: u16) {
    let path = path.split('?').next().unwrap_or_default();
    let operation = paths().iter().find(|(template, _)| is_of(path, template)).map(|(_, item)| item);
    let operation = operation.and_then(|item| item.get(method.to_ascii_lowercase()));
    let Some(operation) = operation else { return };
    assert!(
        operation["responses"].get(status.to_string()).is_some(),
        "{method} {path} was answered {status}, which docs/openapi.json does not have"
    );
}

fn paths() -> &'static Map<String, Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    });
    document["paths"].as_object().unwrap()
}

/// Whether a path is made from a template; one variable part, `{path}`, may hold slashes.
fn is_of(path: &str, template: &str) -> bool {
    let Some((before, after)) = template.split_once('{') else { return path == template };
    let (name, after) = after.split_once('}').unwrap();
    let inner = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    inner.is_some_and(|inner| !inner.is_empty() && (name == "path" || !inner.contains('/')))
}
