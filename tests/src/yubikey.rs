//! A virtual YubiKey, and what a test does to it with its hands: `kunci-card` and its control socket.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::namespace::{Leashed, Namespace};
use crate::pcsc::LOG;
use crate::rig::binary;
use crate::wait::{until, until_true};

/// Which device it plays.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    pub serial: u32,
    /// From 5.7.0 on it has RSA-3072, RSA-4096, and keys that can be deleted; its management key is AES-192.
    pub firmware: &'static str,
    /// How many seconds it waits for a touch.
    pub touch_time: u64,
}

/// One with what came with firmware 5.7.
pub const RECENT: Model = Model { serial: 20_000_002, firmware: "5.7.4", touch_time: 15 };

impl Default for Model {
    fn default() -> Self {
        Self { serial: 10_000_001, firmware: "5.4.3", touch_time: 15 }
    }
}

/// A virtual YubiKey in a reader of [`crate::Pcsc`]; gone when it is dropped.
pub struct YubiKey {
    control: Mutex<BufReader<UnixStream>>,
    /// None where another program holds the leash.
    _process: Option<Leashed>,
    folder: PathBuf,
    pub model: Model,
}

impl YubiKey {
    pub(crate) fn start(space: &Namespace, port: u16, folder: PathBuf, root: PathBuf, model: Model) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(binary("kunci-card"));
        command.arg("--state").arg(&folder).arg("--authority").arg(root);
        for (name, value) in [
            ("--serial", model.serial.to_string()),
            ("--firmware", model.firmware.to_owned()),
            ("--reader", port.to_string()),
            ("--touch-time", model.touch_time.to_string()),
        ] {
            command.arg(name).arg(value);
        }
        let process = space.daemon(&command, &folder.join("log"));
        Self { _process: Some(process), ..Self::of_another(folder, model) }
    }

    /// The YubiKey that another program started, by its folder.
    pub(crate) fn of_another(folder: PathBuf, model: Model) -> Self {
        let control = until("the card listens", || UnixStream::connect(folder.join("control")).ok());
        Self { control: Mutex::new(BufReader::new(control)), _process: None, folder, model }
    }

    /// Where it keeps what it keeps.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Pulls it out of its reader.
    pub fn pull(&self) {
        self.order("pull");
    }

    /// Puts it back, once pcscd has seen that it is gone, and waits until pcscd sees it again.
    ///
    /// pcscd looks every 0.4 s. A card that is back within that time leaves it confused; no hand is that fast.
    pub fn insert(&self) {
        self.await_absence();
        self.order("insert");
        self.await_power();
    }

    /// Waits until pcscd has seen that it is gone.
    pub fn await_absence(&self) {
        until_true("pcscd sees that the YubiKey is gone", || !self.is_seen());
    }

    /// Waits until pcscd sees it and has given it power.
    pub fn await_power(&self) {
        until_true("pcscd sees the YubiKey", || self.is_seen());
    }

    /// The name of its reader.
    pub fn reader(&self) -> &str {
        self.folder.file_name().unwrap().to_str().unwrap()
    }

    /// Whether the last that pcscd said of its reader is that there is a card.
    fn is_seen(&self) -> bool {
        let log = fs::read_to_string(self.folder.with_file_name(LOG)).unwrap_or_default();
        let reader = self.reader();
        let said = |line: &str| {
            line.contains("Card inserted into ")
                .then_some(true)
                .or(line.contains("Card Removed From ").then_some(false))
        };
        let last = log.lines().rev().filter(|line| line.contains(reader)).find_map(said);
        // Of a card that was there before pcscd looked for the first time, it tells the answer to reset alone.
        last.unwrap_or_else(|| log.contains("Card ATR: ") && !log.contains("Card inserted into "))
    }

    /// Waits until it blinks, then touches it.
    pub fn touch(&self) {
        self.await_blinking();
        self.order("press");
    }

    /// Waits until it blinks.
    pub fn await_blinking(&self) {
        until_true("the YubiKey waits for a touch", || self.blinks());
    }

    /// Whether it waits for a touch.
    pub fn blinks(&self) -> bool {
        self.status()["waits_for_touch"] == true
    }

    /// What is to go wrong: `INSTRUCTION|any KIND [TIMES]`, as tests/card/README.md has it.
    pub fn fault(&self, what: &str) {
        self.order(&format!("fault {what}"));
    }

    /// Nothing is to go wrong any more; what hangs goes on.
    pub fn clear_faults(&self) {
        self.order("clear");
    }

    /// Sets how many tries of PIN and PUK are left.
    pub fn set_tries(&self, pin: u8, puk: u8) {
        self.order(&format!("tries {pin} {puk}"));
    }

    /// The key in this slot (two hexadecimal digits) says from now on that it was imported.
    pub fn mark_imported(&self, slot: &str) {
        self.order(&format!("imported {slot}"));
    }

    /// Gives it a management key: `tdes`, `aes128`, `aes192` or `aes256`, and hexadecimal digits.
    pub fn set_manager(&self, cipher: &str, digits: &str) {
        self.order(&format!("manager {cipher} {digits}"));
    }

    /// How often a command was given, by its instruction (two hexadecimal digits), since the card was started.
    pub fn commands(&self, instruction: &str) -> u64 {
        self.status()["commands"][instruction].as_u64().unwrap_or_default()
    }

    /// How often a wrong PIN was tried, ever.
    pub fn refused_pins(&self) -> u64 {
        self.status()["pin"]["refused"].as_u64().unwrap()
    }

    /// Everything that the card tells of itself.
    pub fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.order("status")).unwrap()
    }

    /// Gives an order, which must succeed; what it answers.
    #[track_caller]
    pub fn order(&self, line: &str) -> String {
        let mut control = self.control.lock().unwrap();
        writeln!(control.get_mut(), "{line}").unwrap();
        let mut answer = String::new();
        control.read_line(&mut answer).unwrap();
        let answer = answer.trim().strip_prefix("ok").map(str::trim);
        answer.unwrap_or_else(|| panic!("the card refuses {line:?}; its log: {}", self.output())).to_owned()
    }

    /// What the card wrote so far.
    pub fn output(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}
