//! The control socket: what a test does to the card with its hands, and what it sees of it.
//!
//! One line in, one line out (`ok`, `ok JSON`, or `error: …`); tests/card/README.md lists them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fault::{Fault, Kind};
use crate::keys::Origin;
use crate::management::ManagementKey;
use crate::state::State;

/// What test and card share.
pub(crate) struct Control {
    hands: Mutex<Hands>,
    moved: Condvar,
}

#[derive(Default)]
struct Hands {
    inserted: bool,
    reader: Option<TcpStream>,
    /// Whether the card waits for a touch, and whether one came.
    waiting: bool,
    touched: bool,
    faults: Vec<Fault>,
    /// Commands so far, by instruction.
    commands: BTreeMap<u8, u64>,
}

impl Control {
    pub(crate) fn new(inserted: bool) -> Self {
        Self { hands: Mutex::new(Hands { inserted, ..Hands::default() }), moved: Condvar::new() }
    }

    /// Pulls the card out.
    pub(crate) fn pull(&self) {
        self.with(|hands| {
            hands.inserted = false;
            if let Some(reader) = hands.reader.take() {
                // It may be gone already.
                let _ = reader.shutdown(Shutdown::Both);
            }
        });
    }

    fn insert(&self) {
        self.with(|hands| hands.inserted = true);
    }

    pub(crate) fn await_inserted(&self) {
        self.wait(None, |hands| hands.inserted.then_some(()));
    }

    /// The card is in its reader, unless it was pulled meanwhile.
    pub(crate) fn connected(&self, reader: TcpStream) -> bool {
        self.with(|hands| {
            hands.reader = Some(reader);
            hands.inserted
        })
    }

    pub(crate) fn disconnected(&self) {
        self.with(|hands| hands.reader = None);
    }

    /// Blinks until the button is pressed; false if nobody did, or the card was pulled.
    pub(crate) fn await_touch(&self, patience: Duration) -> bool {
        self.with(|hands| (hands.waiting, hands.touched) = (true, false));
        let seen =
            self.wait(Some(patience), |hands| (hands.touched || !hands.inserted).then_some(hands.touched));
        self.with(|hands| hands.waiting = false);
        seen.unwrap_or(false)
    }

    /// The light goes out at once, so that nobody presses twice for one blinking.
    fn press(&self) -> Result<(), String> {
        self.with(|hands| {
            let waited = std::mem::take(&mut hands.waiting);
            hands.touched |= waited;
            if waited { Ok(()) } else { Err("the card waits for no touch".to_owned()) }
        })
    }

    /// What is to go wrong with this command.
    pub(crate) fn fault(&self, instruction: u8) -> Option<Kind> {
        self.with(|hands| {
            let fault = hands.faults.iter_mut().find(|fault| fault.meets(instruction))?;
            fault.left -= 1;
            Some(fault.kind)
        })
    }

    /// Waits for a time, or until the card is pulled.
    pub(crate) fn pause(&self, time: Duration) {
        self.wait(Some(time), |hands| (!hands.inserted).then_some(()));
    }

    /// Waits until the card is pulled or the faults are cleared.
    pub(crate) fn hang(&self) {
        self.wait(None, |hands| (!hands.inserted || hands.faults.is_empty()).then_some(()));
    }

    pub(crate) fn count(&self, instruction: u8) {
        self.with(|hands| *hands.commands.entry(instruction).or_default() += 1);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Hands) -> T) -> T {
        let result = act(&mut self.lock());
        self.moved.notify_all();
        result
    }

    fn wait<T>(&self, time: Option<Duration>, look: impl Fn(&Hands) -> Option<T>) -> Option<T> {
        let end = time.map(|time| Instant::now() + time);
        let mut hands = self.lock();
        loop {
            if let Some(seen) = look(&hands) {
                return Some(seen);
            }
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            let woken = self.moved.wait_timeout(hands, left.min(Duration::from_secs(60)));
            hands = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens at this path, for as long as the card runs.
pub(crate) fn listen(path: &Path, control: Arc<Control>, state: State) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (control, state) = (Arc::clone(&control), state.clone());
            std::thread::spawn(move || serve(&stream, &control, &state));
        }
    });
    Ok(())
}

fn serve(stream: &UnixStream, control: &Control, state: &State) -> io::Result<()> {
    for line in BufReader::new(stream).lines() {
        let answer = match obey(line?.trim(), control, state) {
            Ok(text) => format!("ok {text}"),
            Err(error) => format!("error: {error}"),
        };
        let mut stream = stream;
        writeln!(stream, "{}", answer.trim())?;
    }
    Ok(())
}

fn obey(line: &str, control: &Control, state: &State) -> Result<String, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "pull" => control.pull(),
        "insert" => control.insert(),
        "press" => control.press()?,
        "fault" => {
            let fault = rest.parse()?;
            control.with(|hands| hands.faults.push(fault));
        }
        "clear" => control.with(|hands| hands.faults.clear()),
        "tries" => set_tries(state, rest)?,
        "imported" => mark_imported(state, rest)?,
        "manager" => set_manager(state, rest)?,
        "status" => return Ok(status(control, state)),
        _ => return Err(format!("no such order: {word}")),
    }
    Ok(String::new())
}

/// `tries PIN PUK`: how many are left.
fn set_tries(state: &State, rest: &str) -> Result<(), String> {
    let numbers: Result<Vec<u8>, _> = rest.split_whitespace().map(str::parse).collect();
    let Ok([pin, puk]) = numbers.as_deref() else {
        return Err("tries PIN PUK".to_owned());
    };
    let kept = state.change(|kept| (kept.pin.left, kept.puk.left) = (*pin, *puk));
    kept.map_err(|error| error.to_string())
}

/// `imported SLOT`: from now on the card says that this key was imported.
fn mark_imported(state: &State, slot: &str) -> Result<(), String> {
    let slot = u8::from_str_radix(slot, 16).map_err(|error| error.to_string())?;
    let found = state.change(|kept| kept.keys.get_mut(&slot).map(|key| key.origin = Origin::Imported));
    found.map_err(|error| error.to_string())?.ok_or_else(|| "there is no key in this slot".to_owned())
}

/// `manager CIPHER DIGITS`: its management key from now on, as its maker's tool would give it.
fn set_manager(state: &State, rest: &str) -> Result<(), String> {
    let key = ManagementKey::from_text(rest).ok_or("manager tdes|aes128|aes192|aes256 DIGITS")?;
    state.change(|kept| kept.management = key).map_err(|error| error.to_string())
}

fn status(control: &Control, state: &State) -> String {
    let kept = state.read(|kept| {
        json!({ "pin": { "left": kept.pin.left, "refused": kept.pin.refused },
                "puk": { "left": kept.puk.left, "refused": kept.puk.refused } })
    });
    control.with(|hands| {
        let by_name = |(instruction, times): (&u8, &u64)| (format!("{instruction:02x}"), *times);
        let commands: BTreeMap<String, u64> = hands.commands.iter().map(by_name).collect();
        json!({ "serial": state.serial, "inserted": hands.inserted, 
                "waits_for_touch": hands.waiting, "commands": commands, "pin": kept["pin"], "puk": kept["puk"] })
        .to_string()
    })
}
