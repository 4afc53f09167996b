//! The real pcscd with virtual YubiKeys in its readers, in namespaces of a test's own.
//!
//! ```text
//! let pcsc = tests::Pcsc::start();
//! let key = pcsc.yubikey(tests::yubikey::Model::default());
//! pcsc.inside(Command::new("yubico-piv-tool").args(["-a", "status"])).status().unwrap();
//! key.pull();
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::agent::kill;
use crate::namespace::{Leashed, Namespace};
use crate::rig::binary;
use crate::wait::until_true;
use crate::yubikey::{Model, YubiKey};

/// vpcd's driver, and the port where it waits for the card of its first reader; the second is the next.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const PORT: u16 = 35963;
/// How many readers Debian's vpcd has.
const READERS: usize = 2;
/// What clients know a YubiKey by.
const NAME: &str = "Yubico YubiKey OTP+FIDO+CCID";
/// Where pcscd says what it sees, beside the cards' folders.
pub(crate) const LOG: &str = "pcscd.log";
const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// How another client keeps a card busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    Alone,
    Transaction,
    /// Shared, after it selected the PIV application anew.
    Selecting,
    /// Shared, after it gave wrong PINs until the PIN was blocked.
    Blocking,
}

/// pcscd, running.
pub struct Pcsc {
    // Dropped in this order: cards and daemon before the namespaces that they are in.
    daemon: Mutex<Option<Leashed>>,
    space: Namespace,
    folder: TempDir,
    readers: AtomicUsize,
}

impl Pcsc {
    /// Starts pcscd with two empty readers.
    pub fn start() -> Self {
        assert!(Path::new(DRIVER).exists(), "{DRIVER} is missing: apt-get install vsmartcard-vpcd");
        let folder = tempfile::Builder::new().prefix("kunci-pcsc-").tempdir().unwrap();
        fs::create_dir(folder.path().join("readers")).unwrap();
        fs::write(
            folder.path().join("readers/vpcd"),
            format!("FRIENDLYNAME \"{NAME}\"\nDEVICENAME /dev/null:{PORT:#X}\nLIBPATH {DRIVER}\nCHANNELID {PORT:#X}\n"),
        )
        .unwrap();
        let pcsc =
            Self { daemon: Mutex::new(None), space: Namespace::new(), folder, readers: AtomicUsize::new(0) };
        pcsc.begin();
        pcsc
    }

    /// Puts a new YubiKey into the next reader, and waits until pcscd has seen it.
    pub fn yubikey(&self, model: Model) -> YubiKey {
        let reader = self.readers.fetch_add(1, Ordering::Relaxed);
        assert!(reader < READERS, "vpcd has {READERS} readers only");
        let port = PORT + u16::try_from(reader).unwrap();
        let folder = self.folder.path().join(format!("{NAME} 00 0{reader}"));
        let key = YubiKey::start(&self.space, port, folder, self.root_folder(), model);
        key.await_power();
        key
    }

    /// Another client keeps this YubiKey busy until what this returns is dropped: alone with it (which needs that
    /// nobody else is connected), or in a transaction that makes others wait.
    pub fn occupy(&self, key: &YubiKey, how: Busy) -> Leashed {
        let mut command = Command::new(binary("kunci-occupy"));
        command.arg(key.reader()).arg(match how {
            Busy::Alone => "exclusive",
            Busy::Transaction => "transaction",
            Busy::Selecting => "select",
            Busy::Blocking => "block",
        });
        Leashed::start(self.space.inside(&command))
    }

    /// The same command, run where this pcscd is the system's.
    pub fn inside(&self, command: &Command) -> Command {
        self.space.inside(command)
    }

    /// Replaces a command by the same one inside: for `Rig::spawn_with`.
    pub fn shape<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        *command = self.space.inside(command);
        command
    }

    /// The certificate of the root that vouches for these cards' attestation keys, in PEM.
    pub fn root(&self) -> PathBuf {
        self.root_folder().join("root.pem")
    }

    /// Ends pcscd, at once and without a word. Cards stay where they are and come back with it.
    pub fn stop(&self) {
        let daemon = self.daemon.lock().unwrap().take().expect("pcscd was stopped already");
        kill(daemon.pid(), Signal::KILL);
        drop(daemon);
        // What it saw no longer counts.
        fs::rename(self.log(), self.log().with_extension("before")).unwrap();
    }

    /// Starts pcscd again.
    pub fn begin(&self) {
        let socket = self.space.path(SOCKET);
        // A killed pcscd leaves it behind; what waits for the new one must not see the old one's.
        let _ = fs::remove_file(&socket);
        let mut command = Command::new("pcscd");
        command.args(["--foreground", "--info"]).arg("--config").arg(self.folder.path().join("readers"));
        let daemon = self.space.daemon(&command, &self.log());
        self.daemon.lock().unwrap().replace(daemon);
        until_true("pcscd listens", || socket.exists());
    }

    /// What pcscd wrote so far.
    pub fn output(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join(LOG)
    }

    fn root_folder(&self) -> PathBuf {
        self.folder.path().join("root")
    }
}

impl Drop for Pcsc {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- pcscd's output\n{}", self.output());
        }
    }
}
