//! The way from the root to a file, folder by folder, as the kernel would go it (path_resolution(7)), each looked at.
//!
//! Each step begins at the open folder of the step before, so nothing that was looked at can be exchanged behind us, and a
//! link is read and then gone like any other part of a path.

use super::Distrust;
use super::folder::Folder;
use rustix::fs::FileType;
use rustix::io::Errno;
use std::ffi::OsString;
use std::path::{Component, Path};

/// How many links the kernel follows on one way.
const MAX_LINKS: u32 = 40;

/// The end of a way.
pub(super) enum End {
    /// Something in a folder, and its name there.
    In(Folder, OsString),
    /// A folder, looked at like those above it.
    Folder,
}

/// Goes to the end of a path as this user, and there through links as well if they are to be followed.
pub(super) fn go(path: &Path, follow: bool, us: u32) -> Result<End, Distrust> {
    let path = std::path::absolute(path).map_err(|_| Distrust::Open(Errno::NOENT))?;
    let (mut at, mut links) = (Folder::root(us)?, 0);
    let mut rest = parts(&path);
    while let Some(part) = rest.pop() {
        at = match part {
            Part::Root => Folder::root(us)?,
            Part::Up => at.parent()?,
            Part::Down(name) => {
                if rest.is_empty() && !follow {
                    return Ok(End::In(at, name));
                }
                match FileType::from_raw_mode(at.look(&name)?.st_mode) {
                    FileType::Symlink => {
                        links += 1;
                        if links > MAX_LINKS {
                            return Err(Distrust::Open(Errno::LOOP));
                        }
                        rest.extend(parts(&at.link(&name)?));
                        at
                    }
                    FileType::Directory => at.enter(&name)?,
                    _ if rest.is_empty() => return Ok(End::In(at, name)),
                    _ => return Err(Distrust::Open(Errno::NOTDIR)),
                }
            }
        };
    }
    Ok(End::Folder)
}

enum Part {
    Root,
    Up,
    Down(OsString),
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<Part> {
    let part = |component| match component {
        Component::RootDir => Some(Part::Root),
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Down(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(part).collect()
}
