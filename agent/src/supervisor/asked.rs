//! The reload socket, beside the admins' and always 0600: who may signal the supervisor, its own user and root, asks it
//! here to read its configuration again, as by SIGHUP, and hears what came of it.
//!
//! `kunci-agent reload` asks so for systemd's ExecReload=, which has to fail where a reload is refused. Nothing is read of
//! who asks. The answer is `ok`, or `refused` and the problems.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{SendFlags, send};

/// How long a reload may take, as seen by who asked for it: systemd's own patience is longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;
/// How an answer begins.
const OK: &str = "ok\n";
const REFUSED: &str = "refused\n";

/// Who waits for the outcome of a reload, by its number.
#[derive(Default)]
pub(super) struct Asked {
    count: u64,
    waiting: BTreeMap<u64, OwnedFd>,
}

/// Why a reload is not in force.
#[derive(Debug, thiserror::Error)]
pub enum NotReloaded {
    /// Nobody could be asked.
    #[error(
        "no agent can be asked to reload at {0}: {1}; start it, run this as its user or root, or restart it if [agent] changed"
    )]
    Unasked(std::path::PathBuf, io::Error),
    /// The agent ended, or did not answer in time.
    #[error("the agent did not say what came of the reload: {0}; its log does")]
    Unanswered(io::Error),
    /// It keeps the old configuration.
    #[error("the new configuration is not in force; the old one still is: {0}")]
    Refused(String),
}

impl Asked {
    /// Somebody asks, if only by a signal; the number of the question.
    pub(super) fn next(&mut self, client: Option<OwnedFd>) -> u64 {
        self.count += 1;
        if let Some(client) = client {
            self.waiting.insert(self.count, client);
        }
        self.count
    }

    /// Tells what came of a reload.
    pub(super) fn answer(&mut self, number: u64, problem: Option<&str>) {
        if let Some(client) = self.waiting.remove(&number) {
            tell(&client, problem);
        }
    }

    /// What is new is in force as soon as there is a front again: it starts with it.
    pub(super) fn answer_all(&mut self) {
        std::mem::take(&mut self.waiting).into_values().for_each(|client| tell(&client, None));
    }
}

/// How a question is refused, for whatever reason.
pub(super) fn refusal(why: &str) -> String {
    format!("{REFUSED}{why}")
}

fn tell(client: &OwnedFd, problem: Option<&str>) {
    let answer = problem.map_or_else(|| OK.to_owned(), refusal);
    // It is small enough for the kernel to take at once. The asker may have hung up.
    let _ = send(client, answer.as_bytes(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
}

/// Asks the agent whose reload socket this is, and waits for its word.
pub fn ask(socket: &Path) -> Result<(), NotReloaded> {
    let unasked = |error| NotReloaded::Unasked(socket.into(), error);
    let agent = UnixStream::connect(socket).map_err(unasked)?;
    agent.set_read_timeout(Some(PATIENCE)).map_err(unasked)?;
    let mut answer = String::new();
    agent.take(MAX_ANSWER).read_to_string(&mut answer).map_err(NotReloaded::Unanswered)?;
    match answer.strip_prefix(REFUSED) {
        Some(problem) => Err(NotReloaded::Refused(printable(problem))),
        None if answer == OK => Ok(()),
        None => Err(NotReloaded::Unanswered(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// Lines of text: who answers may be another than it should, where the file that names it is another's.
fn printable(text: &str) -> String {
    let is_unsafe = |char: &char| char.is_control() && *char != '\n';
    text.chars().map(|char| if is_unsafe(&char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn what_is_answered_is_lines_of_text_whoever_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reload-admin.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let answers = std::thread::spawn(move || {
            let (mut asker, _) = listener.accept().unwrap();
            asker.write_all(refusal("line 1: \x1b[2Jx\nline 2").as_bytes()).unwrap();
        });
        let Err(NotReloaded::Refused(told)) = ask(&path) else { panic!("it was refused") };
        assert_eq!(told, "line 1: \u{fffd}[2Jx\nline 2");
        answers.join().unwrap();
    }
}
