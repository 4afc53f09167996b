//! What a configuration names of this machine: modules, PINs' files, folders, users. What an agent here would refuse later is
//! told by the check.
//!
//! Nothing is opened and no PIN read. What this user may not look at is passed over: the agent's own user may.

use crate::problem::{Fault, Problem, Problems};
use crate::trusted::ANY_BY_OTHERS;
use crate::{Config, PinSource, Token, login};
use std::fs::{Metadata, metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Permission bits, without the kind of file.
const MODE: u32 = 0o7777;

impl Config {
    /// All that is named and that this machine does not have, or has such that the agent refuses it. `path` and `text` are the
    /// configuration's, to say where a problem stands.
    pub fn check_machine(&self, text: &str, path: &Path) -> Result<(), Problems> {
        let mut found = Found { path, text, problems: Problems::default() };
        found.expect(&["agent", "state_dir"], state_dir(&self.agent.state_dir));
        for (name, token) in &self.tokens {
            found.token(name.as_str(), token);
        }
        for (name, caller) in &self.callers {
            found.logins("callers", name.as_str(), caller.user.as_deref(), caller.group.as_deref());
        }
        for (name, admin) in &self.admins {
            found.logins("admins", name.as_str(), admin.user.as_deref(), admin.group.as_deref());
        }
        if found.problems.is_empty() { Ok(()) } else { Err(found.problems) }
    }
}

/// What was found so far.
struct Found<'a> {
    path: &'a Path,
    text: &'a str,
    problems: Problems,
}

impl Found<'_> {
    fn expect(&mut self, at: &[&str], result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.problems.extend(Problem::of_key(self.path, self.text, at, fault).into());
        }
    }

    fn token(&mut self, name: &str, token: &Token) {
        let at = |field| ["tokens", name, field];
        if let Some(module) = &token.module {
            self.expect(&at("module"), file(module));
        }
        let management_key = token.management_key.as_ref().and_then(|key| key.source());
        let secrets = [
            ("pin", Some(&token.pin)),
            ("so_pin", token.so_pin.as_ref()),
            ("management_key", management_key),
        ];
        for (field, source) in secrets {
            if let Some(PinSource::File(path)) = source {
                self.expect(&at(field), secret(path));
            }
        }
        for (field, paths) in [("paths", &token.paths), ("read_paths", &token.read_paths)] {
            for path in paths {
                self.expect(&at(field), there(path).map(drop));
            }
        }
    }

    fn logins(&mut self, section: &str, name: &str, user: Option<&str>, group: Option<&str>) {
        self.expect(&[section, name, "user"], user.map_or(Ok(()), |user| login::user(user).map(drop)));
        self.expect(&[section, name, "group"], group.map_or(Ok(()), |group| login::group(group).map(drop)));
    }
}

/// What is there; nothing where we may not look.
fn there(path: &Path) -> Result<Option<Metadata>, Fault> {
    match metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            let what = format!("{path:?} is not there");
            Err(Fault::new(
                "not-there",
                what,
                "make it or mend its path; --no-files checks for another machine",
            ))
        }
        Err(_) => Ok(None),
    }
}

fn file(path: &Path) -> Result<(), Fault> {
    match there(path)? {
        Some(found) if !found.is_file() => {
            Err(Fault::new("not-there", format!("{path:?} is not a file"), "name the file itself"))
        }
        _ => Ok(()),
    }
}

fn secret(path: &Path) -> Result<(), Fault> {
    file(path)?;
    private(there(path)?, path, "chmod 0600")
}

/// The agent makes the folder itself where it is missing, but none above it.
fn state_dir(path: &Path) -> Result<(), Fault> {
    match there(path) {
        Ok(found) => private(found, path, "chmod 0700"),
        Err(_) => path.parent().map_or(Ok(()), |above| there(above).map(drop)),
    }
}

fn private(found: Option<Metadata>, path: &Path, help: &str) -> Result<(), Fault> {
    let mode = found.map_or(0, |found| found.permissions().mode() & MODE);
    if mode & ANY_BY_OTHERS == 0 {
        return Ok(());
    }
    let what = format!("{path:?} has mode {mode:04o}, which opens it to others: the agent refuses it");
    Err(Fault::new("file-not-trusted", what, format!("{help} {}", path.display())))
}

#[cfg(test)]
mod tests;
