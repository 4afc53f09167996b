//! The control file, mapped: what to do to which call, and how often that was done.
//!
//! It is mapped when the module is loaded. The host's sandbox must leave it open for writing: name its folder in the
//! token's `paths`.

use std::fs::File;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap};

use crate::script::{ACTION, ALWAYS, Action, BLOWS, BYTES, CALLS, Function, PARAMETER, REMAINING, SKIP};

/// Which file it is.
const FILE: &str = "KUNCI_FAULTS";

static WORDS: OnceLock<Option<&'static [AtomicU64]>> = OnceLock::new();

/// Whether the control file is there.
pub(crate) fn is_mapped() -> bool {
    words().is_some()
}

/// Counts a call; what befalls it, and the parameter.
pub(crate) fn blow(function: Function) -> Option<(Action, u64)> {
    count(function, CALLS);
    struck(function, |action| action != Action::Room)
}

/// What befalls a C_Sign that asks only for a signature's length: it signs nothing, so what strikes signatures passes it.
pub(crate) fn blow_to_length(function: Function) -> Option<(Action, u64)> {
    struck(function, |action| action == Action::Room)
}

fn struck(function: Function, is_meant: fn(Action) -> bool) -> Option<(Action, u64)> {
    let words = words()?;
    let word = |offset| &words[function.at() + offset];
    let action = Action::of(word(ACTION).load(Ordering::SeqCst)).filter(|action| is_meant(*action))?;
    if count_down(word(SKIP)) || !count_down(word(REMAINING)) {
        return None;
    }
    word(BLOWS).fetch_add(1, Ordering::SeqCst);
    Some((action, word(PARAMETER).load(Ordering::SeqCst)))
}

/// Whether any function is held.
pub(crate) fn holds() -> bool {
    let action = |words: &[AtomicU64], at: usize| Action::of(words[at + ACTION].load(Ordering::SeqCst));
    words().is_some_and(|words| {
        Function::ALL.iter().any(|function| action(words, function.at()) == Some(Action::Hold))
    })
}

/// Adds one to a word of a function.
pub(crate) fn count(function: Function, offset: usize) {
    if let Some(words) = words() {
        words[function.at() + offset].fetch_add(1, Ordering::SeqCst);
    }
}

fn count_down(word: &AtomicU64) -> bool {
    let less = |left| match left {
        0 => None,
        ALWAYS => Some(ALWAYS),
        left => Some(left - 1),
    };
    word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}

fn words() -> Option<&'static [AtomicU64]> {
    *WORDS.get_or_init(map)
}

fn map() -> Option<&'static [AtomicU64]> {
    let file = File::options().read(true).write(true).open(std::env::var_os(FILE)?).ok()?;
    if file.metadata().ok()?.len() < BYTES as u64 {
        return None;
    }
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a fresh mapping at an address of the kernel's choice, as long as the file, and never unmapped. Other
    // processes write to it only in whole, aligned words, as atomics do.
    unsafe {
        let start = mmap(std::ptr::null_mut(), BYTES, access, MapFlags::SHARED, &file, 0).ok()?;
        Some(std::slice::from_raw_parts(start.cast(), BYTES / 8))
    }
}
