//! Names of users and groups to numbers, as the user database of this machine has them: files, a directory, whatever NSS asks.

use crate::problem::Fault;
use nix::unistd::{Group, User};

/// The user of this name or number.
pub fn user(text: &str) -> Result<u32, Fault> {
    id("user", text, |name| Ok(User::from_name(name)?.map(|user| user.uid.as_raw())))
}

/// The group of this name or number.
pub fn group(text: &str) -> Result<u32, Fault> {
    id("group", text, |name| Ok(Group::from_name(name)?.map(|group| group.gid.as_raw())))
}

fn id(field: &str, text: &str, find: impl Fn(&str) -> nix::Result<Option<u32>>) -> Result<u32, Fault> {
    // A number means itself; -1 means "none" to the kernel, and is nobody's.
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    if let Some(id) = number.filter(|id| *id != u32::MAX) {
        return Ok(id);
    }
    match find(text) {
        Ok(Some(id)) => Ok(id),
        Ok(None) => Err(Fault::new(
            "unknown-login",
            format!("there is no {field} {text:?} here"),
            format!("create the {field}, or name another"),
        )),
        Err(errno) => Err(Fault::new(
            "lookup-failed",
            format!("the {field} {text:?} cannot be looked up: {errno}"),
            format!("write the {field}'s number"),
        )),
    }
}
