//! What a configuration names of this machine: modules, PINs' files, folders, users. What an agent here would refuse later is
//! told by the check.
//!
//! Files are judged by what judges them when the agent opens them, and no PIN is read. It is judged for the agent's user: the
//! state directory's owner. What we may not look at is passed over, since that user may.

use crate::problem::{Fault, Problem, Problems};
use crate::trusted::{self, ANY_BY_OTHERS, Distrust, ourselves};
use crate::{Config, PinSource, Token, login, pin};
use quoted::Quoted;
use rustix::io::Errno;
use std::fs::{Metadata, metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Permission bits, without the kind of file.
const MODE: u32 = 0o7777;

impl Config {
    /// All that is named and that this machine does not have, or has such that the agent refuses it. `path` and `text` are the
    /// configuration's, to say where a problem stands.
    pub fn check_machine(&self, text: &str, path: &Path) -> Result<(), Problems> {
        let reader = Reader::of(&self.agent.state_dir);
        let mut found = Found { path, text, reader, problems: Problems::default() };
        found.expect(&["agent", "state_dir"], reader.state_dir(&self.agent.state_dir));
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
    reader: Reader,
    problems: Problems,
}

/// For whom files are judged.
#[derive(Clone, Copy)]
struct Reader {
    us: u32,
    /// Whether that is known: before its first start the agent may be anybody.
    is_known: bool,
}

impl Reader {
    /// The agent's user, who owns its state directory; ourselves where that is not there yet.
    fn of(state_dir: &Path) -> Self {
        let owner = metadata(state_dir).ok().map(|folder| folder.uid());
        Self { us: owner.unwrap_or_else(ourselves), is_known: owner.is_some() }
    }

    fn module(self, path: &Path) -> Result<(), Fault> {
        file(path)?;
        trusted::module(path, self.us).or_else(|distrust| self.told(&distrust, distrust.fault(path)))
    }

    fn secret(self, path: &Path) -> Result<(), Fault> {
        file(path)?;
        pin::check_file(path, self.us).or_else(|(distrust, fault)| self.told(&distrust, fault))
    }

    /// The agent makes the folder itself where it is missing, but none above it.
    fn state_dir(self, path: &Path) -> Result<(), Fault> {
        let Ok(found) = there(path) else {
            let above = path.parent().unwrap_or(path);
            there(above)?;
            return self.folder(above);
        };
        if found.as_ref().is_some_and(|found| !found.is_dir()) {
            let what = format!("{} is not a folder", Quoted::path(path));
            return Err(Fault::new("not-there", what, "name a folder, or one that the agent makes"));
        }
        private(found, path)?;
        self.folder(path)
    }

    fn folder(self, path: &Path) -> Result<(), Fault> {
        trusted::folder(path, self.us).or_else(|distrust| self.told(&distrust, distrust.fault(path)))
    }

    /// What the agent's user may see otherwise than we do is no fault.
    fn told(self, distrust: &Distrust, fault: Fault) -> Result<(), Fault> {
        let is_theirs = match distrust {
            Distrust::Open(Errno::ACCESS | Errno::PERM) => self.us != ourselves() || !self.is_known,
            Distrust::Owner { .. } => !self.is_known,
            Distrust::Folder(loose) => !self.is_known && loose.is_by_owner(),
            _ => false,
        };
        if is_theirs { Ok(()) } else { Err(fault) }
    }
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
            self.expect(&at("module"), self.reader.module(module));
        }
        let management_key = token.management_key.as_ref().and_then(|key| key.source());
        let secrets = [
            ("pin", Some(&token.pin)),
            ("so_pin", token.so_pin.as_ref()),
            ("management_key", management_key),
        ];
        for (field, source) in secrets {
            if let Some(PinSource::File(path)) = source {
                self.expect(&at(field), self.reader.secret(path));
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
            let what = format!("{} is not there", Quoted::path(path));
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
        Some(found) if !found.is_file() => Err(Fault::new(
            "not-there",
            format!("{} is not a file", Quoted::path(path)),
            "name the file itself",
        )),
        _ => Ok(()),
    }
}

fn private(found: Option<Metadata>, path: &Path) -> Result<(), Fault> {
    let mode = found.map_or(0, |found| found.permissions().mode() & MODE);
    if mode & ANY_BY_OTHERS == 0 {
        return Ok(());
    }
    let what =
        format!("{} has mode {mode:04o}, which opens it to others: the agent refuses it", Quoted::path(path));
    Err(Fault::new("file-not-trusted", what, format!("`chmod 0700 {}`", path.display())))
}

#[cfg(test)]
mod tests;
