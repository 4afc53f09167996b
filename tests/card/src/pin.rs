//! PIN and PUK: what they are, how many tries are left, and the commands that try and change them.
//!
//! SP 800-73-4 part 2, sections 3.2.1 to 3.2.3, and Yubico's SET PIN RETRIES. A wrong try counts before it is
//! answered; a right one sets the counter back; with none left nothing is looked at any more.

use serde::{Deserialize, Serialize};

use crate::apdu::{Answer, Command, Sw};
use crate::session::Session;
use crate::state::{Kept, State};

/// The references of PIN and PUK.
pub(crate) const PIN: u8 = 0x80;
pub(crate) const PUK: u8 = 0x81;
/// The bytes of a PIN or PUK, padded.
const LENGTH: usize = 8;
/// The shortest PIN and PUK.
const SHORTEST: usize = 6;
const PADDING: u8 = 0xFF;
const FACTORY_TRIES: u8 = 3;

/// A PIN or PUK.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secret {
    value: [u8; LENGTH],
    factory: [u8; LENGTH],
    pub(crate) tries: u8,
    pub(crate) left: u8,
    /// How often a wrong one was tried, ever.
    pub(crate) refused: u64,
}

impl Secret {
    pub(crate) fn pin() -> Self {
        Self::new(*b"123456\xFF\xFF")
    }

    pub(crate) fn puk() -> Self {
        Self::new(*b"12345678")
    }

    fn new(factory: [u8; LENGTH]) -> Self {
        Self { value: factory, factory, tries: FACTORY_TRIES, left: FACTORY_TRIES, refused: 0 }
    }

    pub(crate) fn is_factory(&self) -> bool {
        self.value == self.factory
    }

    fn check(&mut self, tried: &[u8]) -> Result<(), Sw> {
        if self.left == 0 {
            return Err(Sw::BLOCKED);
        }
        if tried != self.value {
            self.left -= 1;
            self.refused += 1;
            return Err(Sw::tries_left(self.left));
        }
        self.left = self.tries;
        Ok(())
    }

    fn set(&mut self, value: &[u8]) -> Result<(), Sw> {
        let length = value.iter().rposition(|byte| *byte != PADDING).map_or(0, |last| last + 1);
        if length < SHORTEST {
            return Err(Sw::WRONG_DATA);
        }
        self.value = value.try_into().map_err(|_| Sw::WRONG_DATA)?;
        self.left = self.tries;
        Ok(())
    }
}

/// Answers VERIFY.
pub(crate) fn verify(state: &State, session: &mut Session, command: &Command) -> Answer {
    match (command.p1, command.p2, command.data.as_slice()) {
        (0xFF, PIN, []) => {
            session.forget_pin();
            Ok(Vec::new())
        }
        (0, PIN, []) if session.pin_verified() => Ok(Vec::new()),
        (0, PIN, []) => Err(Sw::tries_left(state.read(|kept| kept.pin.left))),
        (0, PIN, tried) if tried.len() == LENGTH => {
            session.forget_pin();
            changed(state, |kept| kept.pin.check(tried))?;
            session.pin_was_right();
            Ok(Vec::new())
        }
        (0, PIN, _) => Err(Sw::WRONG_DATA),
        _ => Err(Sw::NO_SUCH_KEY),
    }
}

/// Answers CHANGE REFERENCE DATA.
pub(crate) fn change(state: &State, command: &Command) -> Answer {
    let (old, new) = halves(&command.data)?;
    changed(state, |kept| {
        let secret = match command.p2 {
            PIN => &mut kept.pin,
            PUK => &mut kept.puk,
            _ => return Err(Sw::NO_SUCH_KEY),
        };
        secret.check(old)?;
        secret.set(new)
    })
}

/// Answers RESET RETRY COUNTER: a new PIN, by the PUK.
pub(crate) fn unblock(state: &State, command: &Command) -> Answer {
    let (puk, new) = halves(&command.data)?;
    changed(state, |kept| {
        kept.puk.check(puk)?;
        kept.pin.set(new)
    })
}

/// Answers SET PIN RETRIES: both go back to what the factory set.
pub(crate) fn set_retries(state: &State, session: &Session, command: &Command) -> Answer {
    if !session.is_manager() || !session.pin_verified() {
        return Err(Sw::NOT_ALLOWED);
    }
    if command.p1 == 0 || command.p2 == 0 {
        return Err(Sw::WRONG_PARAMETERS);
    }
    changed(state, |kept| {
        for (secret, tries) in [(&mut kept.pin, command.p1), (&mut kept.puk, command.p2)] {
            *secret = Secret { tries, left: tries, value: secret.factory, ..secret.clone() };
        }
        Ok(())
    })
}

fn halves(data: &[u8]) -> Result<(&[u8], &[u8]), Sw> {
    if data.len() == 2 * LENGTH { Ok(data.split_at(LENGTH)) } else { Err(Sw::WRONG_DATA) }
}

/// Changes what is kept, counters too where it is refused.
fn changed(state: &State, change: impl FnOnce(&mut Kept) -> Result<(), Sw>) -> Answer {
    state.change(change).map_err(|_| Sw::BROKEN)??;
    Ok(Vec::new())
}
