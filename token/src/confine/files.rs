//! The files that are left to a process, by Landlock; all others are closed to it.
//!
//! Paths that do not exist are left out. Rules bind to what is there now: a file that replaces another later is
//! closed. On kernels whose Landlock knows it, sockets elsewhere cannot be connected to, either.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::ConfineError;

/// The newest Landlock that we know; older kernels enforce what they can.
const NEWEST: ABI = ABI::V9;

/// The files and folders that are left open.
#[derive(Clone, Debug, Default)]
pub struct Files {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Files {
    /// Nothing at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Leaves these open for reading, with all that is in them; sockets there can be connected to.
    pub fn read<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.read.extend(paths.into_iter().map(|path| path.as_ref().to_path_buf()));
        self
    }

    /// Leaves these open for reading and writing, with all that is in them.
    pub fn write<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.write.extend(paths.into_iter().map(|path| path.as_ref().to_path_buf()));
        self
    }

    /// Closes all other files to this thread and those that it starts.
    pub fn confine(self) -> Result<(), ConfineError> {
        let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::ResolveUnix;
        let write = AccessFs::from_all(NEWEST) & !BitFlags::from(AccessFs::Execute);
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .scope(Scope::Signal)?
            .create()?
            .add_rules(path_beneath_rules(&self.read, read))?
            .add_rules(path_beneath_rules(&self.write, write))?
            .restrict_self()?;
        match status.ruleset {
            RulesetStatus::NotEnforced => Err(ConfineError::NoLandlock),
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        }
    }
}
