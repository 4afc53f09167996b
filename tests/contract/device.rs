//! What a token is in, for a test that takes it away and puts it back: files, a daemon, or a thing with a switch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests::daemon::Daemon;
use tests::wait::until_true;

use crate::bench::Bench;

/// What a token is in.
pub(crate) trait Device {
    /// Takes the token away. No host runs meanwhile.
    fn take_away(&mut self);

    /// Puts it back.
    fn put_back(&mut self);

    /// A program as it is run where the token can be reached.
    fn inside(&self, command: Command) -> Command {
        command
    }
}

/// A folder of files, all of which go and come.
pub(crate) struct Files {
    pub folder: PathBuf,
    away: PathBuf,
}

impl Files {
    /// An empty folder on the bench.
    pub(crate) fn on(bench: &Bench) -> Self {
        Self { folder: bench.folder("files"), away: bench.folder("away") }
    }
}

impl Device for Files {
    fn take_away(&mut self) {
        carry(&self.folder, &self.away);
    }

    fn put_back(&mut self) {
        carry(&self.away, &self.folder);
    }
}

/// The folders themselves stay: a host is confined to what was there at its start.
fn carry(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::rename(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// A daemon that offers a token on a socket, which it makes.
pub(crate) struct Served {
    command: Command,
    socket: PathBuf,
    daemon: Option<Daemon>,
}

impl Served {
    /// Starts the daemon.
    pub(crate) fn by(command: Command, socket: PathBuf) -> Self {
        let mut served = Self { command, socket, daemon: None };
        served.put_back();
        served
    }
}

impl Device for Served {
    fn take_away(&mut self) {
        self.daemon = None;
        // A daemon takes its socket with it where it ended by itself.
        let _ = fs::remove_file(&self.socket);
    }

    fn put_back(&mut self) {
        self.daemon = Some(Daemon::start(&self.command, Stdio::null(), Stdio::inherit()));
        until_true("the daemon offers the token", || self.socket.exists());
    }
}

/// A thing that is switched off and on.
pub(crate) struct Switched<T> {
    pub thing: T,
    pub off: fn(&mut T),
    pub on: fn(&mut T),
}

impl<T> Device for Switched<T> {
    fn take_away(&mut self) {
        (self.off)(&mut self.thing);
    }

    fn put_back(&mut self) {
        (self.on)(&mut self.thing);
    }
}
