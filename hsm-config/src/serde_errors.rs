//! Turns what serde says about a value into what a person needs to hear.
//!
//! serde quotes the values that it refuses. Those are dropped here: a PIN may have been written in the wrong place.

use crate::problem::{Fault, HELP_MARK};
use quoted::Quoted;

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
    // Before anything is looked for: a name that somebody wrote may hold whatever is.
    if let Some((name, known)) = message.strip_prefix("unknown field ").and_then(words) {
        return Fault::new(
            "unknown-field",
            format!("there is no field {} here", Quoted(name)),
            instead(name, &known),
        );
    }
    if let Some((name, known)) = message.strip_prefix("unknown variant ").and_then(words) {
        return Fault::value(
            format!("{} is none of the words that may stand here", Quoted(name)),
            instead(name, &known),
        );
    }
    if let Some((what, help)) = message.split_once(HELP_MARK) {
        return Fault::value(what, help);
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

/// The name that is not known, and those that are. serde puts both into backticks; ours hold none, so the last place where a
/// name ends and they begin is the one.
fn words(text: &str) -> Option<(&str, Vec<&str>)> {
    let text = text.strip_prefix('`')?;
    let none = || {
        ["`, there are no fields", "`, there are no variants"].iter().find_map(|end| text.strip_suffix(end))
    };
    let (name, known) = text.rsplit_once("`, expected ").or_else(|| none().map(|name| (name, "")))?;
    Some((name, known.split('`').skip(1).step_by(2).collect()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_somebody_wrote_is_a_name_whatever_it_holds() {
        for name in ["a", "a`b", "a`, expected `b", "a\nhelp: rm -r /", "", "`"] {
            for kind in ["field", "variant"] {
                let told = fault(&format!("unknown {kind} `{name}`, expected one of `lanes`, `uri`"));
                assert!(told.what.contains(&format!("{name:?}")), "{told:?}");
                assert_eq!(told.help, "use one of: lanes, uri", "{name:?}");
            }
        }
        assert!(fault(&format!("unknown field `{}`, expected `uri`", "k".repeat(5000))).what.len() < 200);
        assert_eq!(fault("unknown field `x`, there are no fields").help, "remove it");
        assert_eq!(fault("bad\nhelp: write another").help, "write another");
    }
}
