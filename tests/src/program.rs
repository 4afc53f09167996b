//! Programs that a test puts where it wants them: a script, or a copy of one that was built.
//!
//! A child process writes them. What this process holds open for writing, another of its threads may hand on to a child
//! that it starts at that moment, and as long as that child lives before its own program, the kernel runs the file for
//! nobody ("Text file busy").

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a program of this text, mode 0755.
pub fn script(at: &Path, text: &str) {
    install(Path::new("/dev/stdin"), at, text.as_bytes());
}

/// Makes a copy of a program, mode 0755.
pub fn copy(of: &Path, at: &Path) {
    install(of, at, b"");
}

fn install(from: &Path, at: &Path, input: &[u8]) {
    let mut command = Command::new("install");
    let command = command.args(["-m", "0755", "--"]).arg(from).arg(at).stdin(Stdio::piped());
    let mut child = command.spawn().expect("install is missing: apt-get install coreutils");
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success(), "{} cannot be made", at.display());
}
