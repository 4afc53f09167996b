//! By what a caller or an admin is known: user, group and unit, as the kernel tells them. All given must hold.

use crate::problem::Fault;
use crate::report::Report;

/// The longest name of a user or a group, in bytes (LOGIN_NAME_MAX).
const MAX_LOGIN_BYTES: usize = 256;
/// The longest name of a unit, in bytes (systemd.unit(5)).
const MAX_UNIT_BYTES: usize = 255;
/// The kinds of unit in which processes of services run.
const UNIT_KINDS: [&str; 2] = [".service", ".scope"];

/// The part of a rule that says whom it is about.
pub(crate) struct Peer<'a> {
    pub(crate) user: Option<&'a str>,
    pub(crate) group: Option<&'a str>,
    pub(crate) unit: Option<&'a str>,
}

impl Peer<'_> {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        if !["user", "group", "unit"].iter().any(|field| report.has(field)) {
            let what = "the rule names nobody";
            let help = "add user = \"…\", group = \"…\" or unit = \"….service\"";
            report.refuse(Fault::new("missing-field", what, help));
        }
        for (field, login) in [("user", self.user), ("group", self.group)] {
            report.expect(field, login.map_or(Ok(()), |login| check_login(field, login)));
        }
        report.expect("unit", self.unit.map_or(Ok(()), check_unit));
    }
}

/// What a name may be is the user database's to say: a directory's have blanks and backslashes, as in `CORP\domain users`.
/// Refused is what none can be, being a separator of that database, and what nobody would see in a line.
fn check_login(kind: &str, login: &str) -> Result<(), Fault> {
    let bad = |c: char| c.is_control() || (c.is_whitespace() && c != ' ') || ":/,".contains(c);
    let is_framed = login.trim() != login || login.starts_with('-');
    if (1..=MAX_LOGIN_BYTES).contains(&login.len()) && !login.contains(bad) && !is_framed {
        return Ok(());
    }
    Err(Fault::value(
        format!("{login:?} is not a {kind}"),
        format!("write the name or the number of one {kind}"),
    ))
}

fn check_unit(unit: &str) -> Result<(), Fault> {
    let stem = UNIT_KINDS.iter().find_map(|kind| unit.strip_suffix(kind)).unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b":-_.\\@".contains(&b);
    if !stem.is_empty() && unit.len() <= MAX_UNIT_BYTES && unit.bytes().all(plain) {
        return Ok(());
    }
    let help = "write the name of a service or a scope directly under system.slice, as \"iep.service\"";
    Err(Fault::value(format!("{unit:?} is not a unit"), help))
}
