//! `kunci token unlock`: a person's PIN to a token's host, by a socket that nobody else reads.
//!
//! The PIN is typed at a terminal that does not show it, or is one line of standard input; never an argument, never in
//! the environment. It is held in one buffer that is wiped, and is sent once; meanwhile this process leaves no core, is
//! closed to others, and is locked in memory where that is allowed.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use quoted::Quoted;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use token::confine::{self, ConfineError};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// The longest PIN, in bytes. One byte more is the newline.
const MAX_PIN_BYTES: usize = 256;
/// How long a login may take.
const LOGIN: Duration = Duration::from_secs(120);
/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 4096;

/// What a terminal sends for these keys.
const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const KILL: u8 = 0x15;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// What is typed. A host takes one for the other never: no PIN of a YubiKey's is as long as a management key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// The PIN.
    Pin,
    /// A YubiKey's management key.
    ManagementKey,
}

/// Asks for a token's secret and hands it to the agent whose admins' socket this is.
pub(crate) fn unlock(
    admin_socket: &Path,
    token: &str,
    secret: Secret,
    print: &Printer,
) -> Result<Exit, Failure> {
    let path = admin_socket.with_file_name(format!("unlock-{token}.sock"));
    // A PIN that nobody takes is not asked for. The connection is made after it was typed: the host does not wait long.
    std::fs::symlink_metadata(&path).map_err(|error| unreached(&path, token, &error))?;
    guard_memory(print).map_err(unguarded)?;
    let pin = read(token, secret, print)?;
    let mut socket = UnixStream::connect(&path).map_err(|error| unreached(&path, token, &error))?;
    let answer = send(&mut socket, &pin).map_err(|error| {
        let title = format!("The agent did not answer: {error}");
        Failure::unavailable("agent-unavailable", title, "`kunci token list` says how the token is now.")
    })?;
    match answer.trim_end() {
        "ok" => {
            print.note(&match secret {
                Secret::Pin => format!("{token} is unlocked"),
                Secret::ManagementKey => format!("{token} has its management key until it is pulled"),
            });
            Ok(Exit::Yes)
        }
        other => Err(refused(token, other)),
    }
}

/// Before there is a PIN in it.
fn guard_memory(print: &Printer) -> Result<(), ConfineError> {
    confine::no_core()?;
    confine::undumpable()?;
    if !confine::lock_memory() {
        print.warn("memory is not locked, and what you type may get to the swap: run this as root, or with `ulimit -l unlimited`");
    }
    Ok(())
}

fn unguarded(error: ConfineError) -> Failure {
    let title = format!("What you type would be open to others: {error}");
    Failure::unavailable("memory-unguarded", title, "Run it where processes may forbid cores and dumps.")
}

fn unreached(path: &Path, token: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::refused(
            "socket-refused",
            format!("You may not connect to {}", Quoted::path(path)),
            "Only the agent's own user and root unlock tokens.",
        ),
        _ => Failure::unavailable(
            "no-agent",
            format!("No agent takes a PIN of {token} at {}", Quoted::path(path)),
            "Start kunci-agent; a token is unlocked by hand only where its pin is { prompt = true }. Without an agent, \
             commands ask for the PIN themselves.",
        ),
    }
}

pub(crate) fn refused(token: &str, answer: &str) -> Failure {
    let why = answer.strip_prefix("refused: ").unwrap_or(answer);
    let title = format!("{token} was not unlocked: {why}");
    Failure::finding(
        "unlock-refused",
        title,
        "`kunci token list` says how the token is now. A wrong PIN is never tried twice.",
    )
}

/// Sends the PIN; the line that comes back. Who is sent away before his PIN was read has that line all the same.
fn send(socket: &mut UnixStream, pin: &[u8]) -> io::Result<String> {
    socket.set_write_timeout(Some(LOGIN))?;
    socket.set_read_timeout(Some(LOGIN))?;
    let sent = socket.write_all(pin);
    let mut answer = String::new();
    let read = BufReader::new(socket.take(MAX_ANSWER)).read_line(&mut answer);
    if !answer.ends_with('\n') {
        sent.and(read)?;
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

/// The PIN with its newline.
fn read(token: &str, secret: Secret, print: &Printer) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let stdin = io::stdin();
    let pin = if stdin.is_terminal() {
        let name = if secret == Secret::Pin { "PIN" } else { "management key" };
        print.ask(&format!("{name} of {token}: "));
        let hidden = Hidden::new()?;
        let pin = line(typed);
        drop(hidden);
        print.answered();
        pin?
    } else {
        let pin = line(piped)?;
        nothing_after()?;
        pin
    };
    if pin.len() == 1 {
        return Err(Failure::usage(
            "no-pin",
            "No PIN was given",
            "Type it, or send it as one line of standard input.",
        ));
    }
    Ok(pin)
}

/// What a byte does to the line.
enum Key {
    Type,
    Erase,
    Clear,
    Enter,
    Leave,
}

fn typed(byte: u8) -> Key {
    match byte {
        b'\n' | b'\r' => Key::Enter,
        INTERRUPT | END => Key::Leave,
        KILL => Key::Clear,
        byte if BACKSPACE.contains(&byte) => Key::Erase,
        _ => Key::Type,
    }
}

fn piped(byte: u8) -> Key {
    if byte == b'\n' { Key::Enter } else { Key::Type }
}

/// Reads a line byte by byte from the descriptor: no buffer but the wiped one ever holds it.
fn line(key: impl Fn(u8) -> Key) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PIN_BYTES + 1));
    let mut byte = Zeroizing::new([0]);
    loop {
        let read = rustix::io::read(io::stdin(), &mut *byte).map_err(io::Error::from);
        let at_end = read.map_err(|error| Failure::file(Path::new("standard input"), &error))? == 0;
        match if at_end { Key::Enter } else { key(byte[0]) } {
            Key::Enter => break,
            Key::Leave => return Err(Failure::usage("no-pin", "No PIN was given", "Nothing was sent.")),
            Key::Clear => line.clear(),
            // A character of several bytes is erased whole.
            Key::Erase => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            Key::Type if line.len() == MAX_PIN_BYTES => return Err(too_long()),
            Key::Type => line.push(byte[0]),
        }
    }
    line.push(b'\n');
    Ok(line)
}

/// Refuses a second line that has come with the first one: nobody knows which of them is meant. Nothing is waited for.
fn nothing_after() -> Result<(), Failure> {
    let (stdin, mut byte) = (io::stdin(), Zeroizing::new([0]));
    let come =
        poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&Timespec::default())).is_ok_and(|n| n > 0);
    if come && rustix::io::read(&stdin, &mut *byte).is_ok_and(|read| read > 0) {
        let title = "There is more than one line on standard input";
        return Err(Failure::usage("no-pin", title, "Nothing was sent. Send the PIN alone."));
    }
    Ok(())
}

fn too_long() -> Failure {
    Failure::usage("no-pin", format!("The PIN is longer than {MAX_PIN_BYTES} bytes"), "Nothing was sent.")
}

/// A terminal that shows nothing, until it is dropped. Ctrl-C is read as a key, so that it leaves the terminal as it was.
struct Hidden(Termios);

impl Hidden {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
