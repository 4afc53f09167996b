//! The fault module's control file, from the driver's side: what to do to which call, and what was done.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use fault_module::script::{ACTION, ALWAYS, BLOWS, BYTES, CALLS, PARAMETER, REMAINING, RETURNS, SKIP, TALLY};
use fault_module::{Action, Function};

use crate::Rig;
use crate::rig::{beside, softhsm};
use crate::wait::until_true;

/// The control file, in a folder that the host may write.
const FOLDER: &str = "faults";
const FILE: &str = "faults/script";

/// How many calls are struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// So many.
    N(u64),
    /// All, until the script is cleared.
    Always,
}

/// The script of one rig's module.
pub struct Faults {
    file: File,
}

impl Rig {
    /// The fault module before SoftHSM2.
    pub fn with_faults(self) -> Self {
        let rig = self.folder(FOLDER).module(&module());
        fs::write(rig.at(FILE), vec![0; BYTES]).unwrap();
        let (script, real) = (rig.at(FILE), softhsm());
        rig.variable("KUNCI_FAULTS", script.to_str().unwrap())
            .variable("KUNCI_FAULTS_MODULE", real.to_str().unwrap())
    }
}

impl Faults {
    /// The script of a rig made [`Rig::with_faults`].
    pub fn of(rig: &Rig) -> Self {
        Self { file: File::options().read(true).write(true).open(rig.at(FILE)).unwrap() }
    }

    /// Strikes calls of a function.
    pub fn strike(&self, function: Function, action: Action, parameter: u64, times: Times) {
        self.strike_after(0, function, action, parameter, times);
    }

    /// Strikes calls of a function after so many that pass.
    pub fn strike_after(
        &self,
        passing: u64,
        function: Function,
        action: Action,
        parameter: u64,
        times: Times,
    ) {
        let times = match times {
            Times::N(times) => times,
            Times::Always => ALWAYS,
        };
        self.set(function, ACTION, 0);
        self.set(function, PARAMETER, parameter);
        self.set(function, REMAINING, times);
        self.set(function, SKIP, passing);
        // Last: from here on calls are struck.
        self.set(function, ACTION, action as u64);
    }

    /// Strikes no call any more.
    pub fn clear(&self) {
        Function::ALL.iter().for_each(|function| self.set(*function, ACTION, 0));
    }

    /// How often a function was called.
    pub fn calls(&self, function: Function) -> u64 {
        self.get(function, CALLS)
    }

    /// How often it was struck.
    pub fn blows(&self, function: Function) -> u64 {
        self.get(function, BLOWS)
    }

    /// How many PINs the token refused.
    pub fn refused_pins(&self) -> u64 {
        self.get(Function::Login, TALLY)
    }

    /// How many children the module got.
    pub fn children(&self) -> u64 {
        self.get(Function::SignInit, TALLY)
    }

    /// How many calls that were struck signed all the same.
    pub fn signed(&self) -> u64 {
        self.get(Function::Sign, TALLY)
    }

    /// How often a call of a function that was struck came to its end.
    pub fn returns(&self, function: Function) -> u64 {
        self.get(function, RETURNS)
    }

    /// How many struck calls have not come to their end: they are under way, or never will.
    pub fn open(&self, function: Function) -> u64 {
        self.blows(function) - self.returns(function)
    }

    /// Waits until a call of a function is under way that [`Action::Hold`] keeps from its end.
    pub fn until_held(&self, function: Function) {
        self.until_held_beside(function, 0);
    }

    /// The same, beside so many that never come to their end.
    pub fn until_held_beside(&self, function: Function, lost: u64) {
        until_true(&format!("C_{function:?} is held"), || self.open(function) > lost);
    }

    /// Waits until a function was struck so many times more than `before`.
    pub fn until_felt(&self, function: Function, before: u64, times: u64) {
        until_true(&format!("C_{function:?} is struck"), || self.blows(function) >= before + times);
    }

    fn set(&self, function: Function, offset: usize, word: u64) {
        self.file.write_all_at(&word.to_ne_bytes(), place(function, offset)).unwrap();
    }

    fn get(&self, function: Function, offset: usize) -> u64 {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, place(function, offset)).unwrap();
        u64::from_ne_bytes(word)
    }
}

/// The module, as cargo built it.
pub fn module() -> PathBuf {
    beside("libfault_module.so")
}

fn place(function: Function, offset: usize) -> u64 {
    u64::try_from((function.at() + offset) * 8).unwrap()
}
