//! Turns what serde says about a value into what a person needs to hear.
//!
//! serde quotes the values that it refuses. Those are dropped here: a PIN may have been written in the wrong place.

use crate::problem::{Fault, HELP_MARK};

/// How alike two names are, from 0 to 1, before one is suggested for the other.
const ALIKE: f64 = 0.75;
/// How serde names the types it wanted, and how people do.
const KINDS: [(&str, &str); 10] = [
    ("a string", "a string in quotes"),
    ("path string", "a path in quotes"),
    ("a boolean", "true or false"),
    ("u8", "a small whole number, as 4"),
    ("u32", "a whole number, as 100"),
    ("a sequence", "a list, as [\"…\"]"),
    ("a map", "a table, as { … }"),
    ("struct", "a table"),
    ("string or table", "one of its words, in quotes"),
    ("", "a value of another kind"),
];

/// The fault that a message of serde tells.
pub(crate) fn fault(message: &str) -> Fault {
    if let Some((what, help)) = message.split_once(HELP_MARK) {
        return Fault::value(what, help);
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let (name, known) = words(rest);
        return Fault::new(
            "unknown-field",
            format!("there is no field {name:?} here"),
            instead(name, &known),
        );
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (name, known) = words(rest);
        return Fault::value(
            format!("{name:?} is none of the words that may stand here"),
            instead(name, &known),
        );
    }
    let wanted = message.rsplit_once("expected ").or(message.split_once("wanted ")).map(|(_, wanted)| wanted);
    let kind = wanted.and_then(|wanted| KINDS.iter().find(|(serde, _)| wanted.starts_with(serde)));
    match kind {
        Some((_, kind)) if message.starts_with("invalid value") => {
            Fault::new("out-of-range", "this value is out of range", format!("write {kind}"))
        }
        Some((_, kind)) => Fault::new("wrong-type", found(message), format!("write {kind}")),
        None => {
            Fault::value("this value cannot be read", "see `kunci config schema` for what may stand here")
        }
    }
}

/// What was found, by its kind only.
fn found(message: &str) -> String {
    let kind = message.strip_prefix("invalid type: ").and_then(|rest| rest.split([' ', ',']).next());
    match kind {
        Some("integer") => "this is a number, and cannot stand here".into(),
        Some("sequence") => "this is a list, and cannot stand here".into(),
        Some("map") => "this is a table, and cannot stand here".into(),
        Some("string") => "this is a string, and cannot stand here".into(),
        _ => "this value cannot stand here".into(),
    }
}

/// The first word in backticks, and the others.
fn words(text: &str) -> (&str, Vec<&str>) {
    let mut words = text.split('`').skip(1).step_by(2);
    (words.next().unwrap_or_default(), words.collect())
}

fn instead(name: &str, known: &[&str]) -> String {
    suggest(name, known).unwrap_or_else(|| match known {
        [] => "remove it".into(),
        known => format!("use one of: {}", known.join(", ")),
    })
}

/// The known name that was probably meant.
pub(crate) fn suggest(name: &str, known: &[&str]) -> Option<String> {
    let score = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) >= ALIKE).then(|| format!("did you mean {best:?}?"))
}
