//! The search for a YubiKey by its serial number among the readers, which leaves other YubiKeys alone.
//!
//! Only readers of Yubico's are looked into, the one of last time first. Opening a card selects its PIV application, and
//! for one that somebody else uses that undoes its PIN, and may wait for its turn: so a reader whose card was found to be
//! another's is not opened again while pcscd counts no card in or out of it. Firmware before 4 has no serial to ask for.

use std::collections::HashMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use pcsc::{Disposition, Error as Pcsc, ReaderState, Scope, State};
use yubikey::reader::Reader;
use yubikey::{Context, Error, Serial};

use super::{Card, code};
use crate::lane::Fault;

/// What the name of a YubiKey's reader holds.
const MAKER: &str = "yubi";
/// How long another's card is known for what it is: pcscd counts anew when it is restarted.
const KNOWN: Duration = Duration::from_secs(60);

/// What is known from one look to the next.
pub struct Search {
    serial: u32,
    /// The reader that it was in.
    last: Option<String>,
    /// Readers with another's card: how many cards went in and out by then, and when it was found.
    others: HashMap<String, (u32, Instant)>,
}

impl Search {
    /// A search that knows nothing yet.
    pub fn new(serial: u32) -> Self {
        Self { serial, last: None, others: HashMap::new() }
    }

    /// Opens the YubiKey. Where it is not in its reader of last time, `absent` is told before the others are looked
    /// into, since that may take as long as their users please.
    pub fn open(&mut self, absent: impl FnOnce(Fault)) -> Result<Card, Fault> {
        let opened = self.look(absent);
        if let Ok(card) = &opened {
            self.last = Some(card.reader().to_owned());
        }
        opened
    }

    fn look(&mut self, absent: impl FnOnce(Fault)) -> Result<Card, Fault> {
        let mut context = Context::open().map_err(code::unopened)?;
        let mut readers: Vec<_> = context.iter().map_err(code::unopened)?.collect();
        readers.retain(|reader| reader.name().to_ascii_lowercase().contains(MAKER));
        readers.sort_by_key(|reader| Some(&*reader.name()) != self.last.as_deref());
        let (mut others, mut why, mut absent) = (0, None, self.last.is_some().then_some(absent));
        for reader in readers {
            if Some(&*reader.name()) != self.last.as_deref()
                && let Some(absent) = absent.take()
            {
                absent(why.map_or_else(|| self.missing(others), code::unopened));
            }
            match self.ours(&reader) {
                Ok(Some(card)) => return Ok(card),
                Ok(None) => others += 1,
                // An empty reader.
                Err(Error::PcscError { inner: Some(Pcsc::NoSmartcard | Pcsc::RemovedCard) }) => {}
                Err(error) => why = why.or(Some(error)),
            }
        }
        Err(why.map_or_else(|| self.missing(others), code::unopened))
    }

    /// Opens the card in a reader; `None` if it is another's.
    fn ours(&mut self, reader: &Reader<'_>) -> Result<Option<Card>, Error> {
        let name = reader.name().into_owned();
        let moves = moves(&name);
        let known =
            self.others.get(&name).is_some_and(|(then, at)| Some(*then) == moves && at.elapsed() < KNOWN);
        if known {
            return Ok(None);
        }
        self.others.remove(&name);
        let key = reader.open()?;
        if key.serial() == Serial(self.serial) {
            return Ok(Some(Card { key }));
        }
        // It is left as it is.
        let _ = key.disconnect(Disposition::LeaveCard);
        self.others.extend(moves.map(|moves| (name, (moves, Instant::now()))));
        Ok(None)
    }

    fn missing(&self, others: usize) -> Fault {
        let serial = self.serial;
        Fault::TokenMissing(match others {
            0 => format!("no YubiKey is plugged in; {serial} is configured"),
            1 => format!("another YubiKey than {serial} is plugged in"),
            n => format!("{n} YubiKeys are plugged in, and none is {serial}"),
        })
    }
}

/// How many cards went into a reader and out of it, as pcscd counts; asked without touching the card.
fn moves(reader: &str) -> Option<u32> {
    let context = pcsc::Context::establish(Scope::System).ok()?;
    let mut states = [ReaderState::new(CString::new(reader).ok()?, State::UNAWARE)];
    context.get_status_change(Duration::ZERO, &mut states).ok()?;
    Some(states[0].event_count())
}
