//! The search for a YubiKey by its serial number among the readers, which leaves other YubiKeys alone.
//!
//! Only readers of Yubico's are looked into, the one of last time first. Opening a card selects its PIV application, and
//! for one that somebody else uses that undoes its PIN: so a reader whose card was found to be another's is not opened
//! again while pcscd counts no card in or out of it. It may also wait for as long as that user pleases, so each reader but
//! the one of last time is opened by a thread of its own, and a look goes on without those that take long. Firmware
//! before 4 has no serial to ask for.

use std::collections::{BTreeSet, HashMap};
use std::ffi::CString;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Disposition, Error as Pcsc, ReaderState, Scope, State};
use yubikey::{Context, Error, Serial};

use super::{Card, code};
use crate::lane::Fault;

/// What the name of a YubiKey's reader holds.
const MAKER: &str = "yubi";
/// How long another's card is known for what it is: pcscd counts anew when it is restarted.
const KNOWN: Duration = Duration::from_secs(60);
/// How long a look waits for the readers that it begins to open: a card may have to be powered first.
const PATIENCE: Duration = Duration::from_secs(1);
/// The stack of a thread that opens a reader, in bytes; a host locks all of it into memory.
const STACK_BYTES: usize = 512 * 1024;

/// What is known from one look to the next.
pub struct Search {
    serial: u32,
    /// The reader that it was in.
    last: Option<String>,
    /// Readers with another's card: how many cards went in and out by then, and when it was found.
    others: HashMap<String, (u32, Instant)>,
    /// Readers that threads are opening.
    away: BTreeSet<String>,
    /// Where these tell what they saw.
    seen: (Sender<Sight>, Receiver<Sight>),
}

/// What was seen in a reader.
struct Sight {
    reader: String,
    /// How many cards had gone in and out of it before.
    moves: Option<u32>,
    /// `None` is another's card.
    card: Result<Option<Card>, Error>,
}

impl Search {
    /// A search that knows nothing yet.
    pub fn new(serial: u32) -> Self {
        Self { serial, last: None, others: HashMap::new(), away: BTreeSet::new(), seen: channel() }
    }

    /// Opens the YubiKey. Where it is not in its reader of last time, `absent` is told before the others are looked
    /// into, since that may take a moment.
    pub fn open(&mut self, absent: impl FnOnce(Fault)) -> Result<Card, Fault> {
        let opened = self.look(absent);
        if let Ok(card) = &opened {
            self.last = Some(card.reader().to_owned());
        }
        opened
    }

    fn look(&mut self, absent: impl FnOnce(Fault)) -> Result<Card, Fault> {
        let mut readers = readers().map_err(code::unopened)?;
        self.others.retain(|reader, (then, at)| {
            readers.contains(reader) && at.elapsed() < KNOWN && moves(reader) == Some(*then)
        });
        readers.retain(|reader| !self.others.contains_key(reader) && !self.away.contains(reader));
        let mut why = None;
        if let Some(last) = self.last.clone() {
            if readers.contains(&last)
                && let Some(card) = self.note(Sight::of(last.clone(), self.serial), &mut why)
            {
                return Ok(card);
            }
            readers.retain(|reader| *reader != last);
            absent(self.missing(why));
        }
        let sent: BTreeSet<String> = readers.into_iter().filter(|reader| self.send_to(reader)).collect();
        self.hear(&sent, &mut why).ok_or_else(|| self.missing(why))
    }

    /// Has a reader opened by a thread of its own; whether there is one.
    fn send_to(&mut self, reader: &str) -> bool {
        let (serial, told, name) = (self.serial, self.seen.0.clone(), reader.to_owned());
        let look = move || drop(told.send(Sight::of(name, serial)));
        let sent = thread::Builder::new().name("scout".into()).stack_size(STACK_BYTES).spawn(look);
        if let Err(error) = &sent {
            tracing::warn!(%error, reader, "no thread to look into a reader");
        }
        sent.is_ok() && self.away.insert(reader.to_owned())
    }

    /// Hears what the threads saw, and waits a moment for those that were sent just now.
    fn hear(&mut self, sent: &BTreeSet<String>, why: &mut Option<Error>) -> Option<Card> {
        let until = Instant::now() + PATIENCE;
        loop {
            let wait = match sent.is_disjoint(&self.away) {
                true => Duration::ZERO,
                false => until.saturating_duration_since(Instant::now()),
            };
            let sight = self.seen.1.recv_timeout(wait).ok()?;
            self.away.remove(&sight.reader);
            if let Some(card) = self.note(sight, why) {
                return Some(card);
            }
        }
    }

    /// Keeps what was seen in a reader, and the first failure; the card, if it is the one.
    fn note(&mut self, sight: Sight, why: &mut Option<Error>) -> Option<Card> {
        match sight.card {
            Ok(Some(card)) => return Some(card),
            Ok(None) => self.others.extend(sight.moves.map(|moves| (sight.reader, (moves, Instant::now())))),
            // An empty reader.
            Err(Error::PcscError { inner: Some(Pcsc::NoSmartcard | Pcsc::RemovedCard) }) => {}
            Err(error) => *why = why.or(Some(error)),
        }
        None
    }

    fn missing(&self, why: Option<Error>) -> Fault {
        let serial = self.serial;
        if let Some(why) = why {
            return code::unopened(why);
        }
        Fault::TokenMissing(match (self.away.first(), self.others.len()) {
            (Some(reader), _) => format!(
                "YubiKey {serial} was not found; the one in {reader} is in use by another program and is looked into when \
                 that lets it"
            ),
            (None, 0) => format!("no YubiKey is plugged in; {serial} is configured"),
            (None, 1) => format!("another YubiKey than {serial} is plugged in"),
            (None, n) => format!("{n} YubiKeys are plugged in, and none is {serial}"),
        })
    }
}

impl Sight {
    /// Opens the card in a reader, and lets go of another's.
    fn of(reader: String, serial: u32) -> Self {
        let moves = moves(&reader);
        let card = open(&reader, serial);
        Self { reader, moves, card }
    }
}

/// Opens the YubiKey in a reader, however long that takes; `None` if it is another's.
fn open(name: &str, serial: u32) -> Result<Option<Card>, Error> {
    let mut context = Context::open()?;
    let Some(reader) = context.iter()?.find(|reader| reader.name() == name) else {
        return Err(Pcsc::NoSmartcard.into());
    };
    let key = reader.open()?;
    if key.serial() == Serial(serial) {
        return Ok(Some(Card { key }));
    }
    // It is left as it is.
    let _ = key.disconnect(Disposition::LeaveCard);
    Ok(None)
}

/// The names of Yubico's readers.
fn readers() -> Result<Vec<String>, Error> {
    let mut context = Context::open()?;
    let names = context.iter()?.map(|reader| reader.name().into_owned());
    Ok(names.filter(|name| name.to_ascii_lowercase().contains(MAKER)).collect())
}

/// How many cards went into a reader and out of it, as pcscd counts; asked without touching the card.
fn moves(reader: &str) -> Option<u32> {
    let context = pcsc::Context::establish(Scope::System).ok()?;
    let mut states = [ReaderState::new(CString::new(reader).ok()?, State::UNAWARE)];
    context.get_status_change(Duration::ZERO, &mut states).ok()?;
    Some(states[0].event_count())
}
