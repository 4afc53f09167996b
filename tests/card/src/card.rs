//! The card: one command after the other, each to the one who answers it.

use std::sync::Arc;
use std::time::Duration;

use vpicc::VSmartCard;

use crate::apdu::{Answer, Command, Sw};
use crate::control::Control;
use crate::exchange::{Exchange, Received};
use crate::fault::Kind;
use crate::inner::Engine;
use crate::session::Session;
use crate::state::State;
use crate::touch::Touch;
use crate::{attest, keys, management, metadata, objects, pin};

/// The answer to reset of a YubiKey 5: protocol T=1, and "YubiKey" in its historical bytes.
const ATR: [u8; 23] = [
    0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57, 0x59, 0x75,
    0x62, 0x69, 0x4B, 0x65, 0x79, 0x40,
];
/// PIV, and how many bytes of it a reader may leave out.
const PIV: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
const PIV_SHORTEST: usize = 5;
/// A YubiKey's management application, which clients select to leave PIV.
const MANAGEMENT: [u8; 8] = [0xA0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];
/// What a YubiKey answers when PIV is selected: its version of the application, and whose it is.
const SELECTED: [u8; 19] = [
    0x61, 0x11, 0x4F, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x79, 0x07, 0x4F, 0x05, 0xA0, 0x00, 0x00,
    0x03, 0x08,
];

/// A virtual YubiKey.
pub(crate) struct Card<'a> {
    state: State,
    session: Session,
    exchange: Exchange,
    engine: Engine<'a>,
    touch: Touch,
}

impl<'a> Card<'a> {
    pub(crate) fn new(state: State, engine: Engine<'a>, control: Arc<Control>, patience: Duration) -> Self {
        let touch = Touch { control, patience };
        Self { state, session: Session::default(), exchange: Exchange::default(), engine, touch }
    }

    /// A command, with what a test wants to go wrong.
    fn obey(&mut self, command: &Command) -> Answer {
        let control = Arc::clone(&self.touch.control);
        match control.fault(command.instruction) {
            None => self.answer(command),
            Some(Kind::Answer(sw)) => Err(sw),
            Some(Kind::AnswerAfter(sw)) => {
                self.answer(command)?;
                Err(sw)
            }
            Some(Kind::Vanish) => {
                control.pull();
                Err(Sw::BROKEN)
            }
            Some(Kind::VanishAfter) => {
                let answer = self.answer(command);
                control.pull();
                answer
            }
            Some(Kind::Corrupt) => self.answer(command).map(|mut data| {
                data.last_mut().into_iter().for_each(|byte| *byte ^= 1);
                data
            }),
            Some(Kind::Delay(time)) => {
                control.pause(time);
                self.answer(command)
            }
            Some(Kind::Hang) => {
                control.hang();
                Err(Sw::BROKEN)
            }
        }
    }

    fn answer(&mut self, command: &Command) -> Answer {
        if command.class != 0 {
            return Err(Sw::NO_SUCH_CLASS);
        }
        let fresh = self.session.take_fresh();
        if command.instruction == Command::SELECT {
            return self.select(command);
        }
        if !self.session.selected {
            return Err(Sw::NO_SUCH_INSTRUCTION);
        }
        let Self { state, session, engine, touch, .. } = self;
        match command.instruction {
            Command::VERIFY => pin::verify(state, session, command),
            Command::CHANGE_REFERENCE => pin::change(state, command),
            Command::RESET_RETRY => pin::unblock(state, command),
            Command::SET_RETRIES => pin::set_retries(state, session, command),
            Command::SET_MANAGEMENT_KEY => management::set(state, session, command),
            Command::AUTHENTICATE if command.p2 == management::SLOT => {
                management::authenticate(state, session, command, touch)
            }
            Command::AUTHENTICATE => keys::sign(state, session, engine, command, fresh, touch),
            Command::GENERATE => keys::generate(state, session, engine, command),
            Command::DELETE_KEY => keys::delete(state, session, command),
            Command::GET_DATA => objects::get(state, session, engine, command),
            Command::PUT_DATA => objects::put(state, session, engine, command),
            Command::METADATA => metadata::metadata(state, command),
            Command::ATTEST => attest::attest(state, command),
            Command::SERIAL => Ok(state.serial.to_be_bytes().to_vec()),
            Command::VERSION => Ok(state.firmware.0.to_vec()),
            Command::RESET => reset(state),
            _ => Err(Sw::NO_SUCH_INSTRUCTION),
        }
    }

    /// Selecting anything forgets who showed what.
    fn select(&mut self, command: &Command) -> Answer {
        let wanted = command.data.as_slice();
        let piv = wanted.len() >= PIV_SHORTEST && PIV.starts_with(wanted);
        if !piv && wanted != MANAGEMENT {
            return Err(Sw::NOT_FOUND);
        }
        self.session = Session::of(piv);
        Ok(if piv { SELECTED.to_vec() } else { Vec::new() })
    }

    /// Nothing of before is known.
    pub(crate) fn power_cycle(&mut self) {
        self.session = Session::default();
        self.exchange = Exchange::default();
    }
}

/// Back to the factory's state, which only a card gives that has PIN and PUK blocked.
fn reset(state: &State) -> Answer {
    if state.read(|kept| kept.pin.left > 0 || kept.puk.left > 0) {
        return Err(Sw::CONDITIONS);
    }
    state.change(|kept| kept.reset(state.firmware)).map_err(|_| Sw::BROKEN)?;
    Ok(Vec::new())
}

impl VSmartCard for Card<'_> {
    fn atr(&self) -> &[u8] {
        &ATR
    }

    fn power_on(&mut self) {
        self.power_cycle();
    }

    fn power_off(&mut self) {
        self.power_cycle();
    }

    fn reset(&mut self) {
        self.power_cycle();
    }

    fn execute(&mut self, bytes: &[u8]) -> Vec<u8> {
        let command = match Command::parse(bytes) {
            Ok(command) => command,
            Err(sw) => return self.exchange.answer(Err(sw), false),
        };
        let extended = command.extended;
        match self.exchange.receive(command) {
            Received::Part => self.exchange.answer(Ok(Vec::new()), false),
            Received::Continue => self.exchange.next(),
            Received::Whole(command) => {
                self.touch.control.count(command.instruction);
                let answer = self.obey(&command);
                self.exchange.answer(answer, extended)
            }
        }
    }
}
