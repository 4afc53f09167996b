//! The PIV application that does the work: Nitrokey's, on trussed, with its files kept in one image.
//!
//! It keeps its factory PIN and management key, and is unlocked by us for every command: who may do what is decided
//! before it, since it knows neither policies nor counters of a YubiKey. Its keys never leave it.

mod dispatch;
mod image;
mod platform;

use std::error::Error;
use std::path::Path;

use heapless::Vec as Buffer;
use piv_authenticator::{Authenticator, Options};
use trussed::pipe::TrussedChannel;
use trussed::virt::{Client, Runner, StorageConfig, StoreConfig};
use trussed_core::types::Location;

use crate::apdu::{Answer, Command, Sw};
use crate::inner::dispatch::{BACKENDS, Dispatch};
use crate::inner::image::Image;
use crate::inner::platform::Platform;
use crate::management::{self, Algorithm};
use crate::tlv;

/// The most bytes of a command and of an answer.
const BUFFER: usize = 7 * 1024;
/// The application's name to trussed, and so the name of its folder in the image.
const CLIENT: &str = "piv";

/// The PIN that it was made with, and keeps.
const PIN: [u8; 8] = *b"123456\xFF\xFF";
/// The management key that it was made with, and keeps.
const MANAGEMENT_KEY: [u8; 24] = [
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, //
];

/// The application, unlocked.
pub(crate) struct Engine<'a> {
    application: Authenticator<Client<'a, Dispatch>>,
}

/// Runs `work` with the application whose files are in this folder.
pub(crate) fn with_engine<T>(
    folder: &Path,
    work: impl FnOnce(Engine<'_>) -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let image = Image::open(&folder.join("card.image"))?;
    let format = image.is_new();
    let external = StorageConfig { storage: Box::new(image), format };
    let mut stores = StoreConfig { internal: StorageConfig::ram(), external, volatile: StorageConfig::ram() };
    stores.with_store(|store| {
        let channel = TrussedChannel::new();
        let (requester, responder) = channel.split().ok_or("the channel is taken")?;
        let mut runner = Runner::new();
        runner.add_endpoint(responder, CLIENT, BACKENDS);
        let client = Client::new(requester, runner.syscall(), None);
        runner.run(Platform::new(store), Dispatch::new(), || {
            let options = Options::new().storage(Location::External);
            let mut engine = Engine { application: Authenticator::new(client, options) };
            engine.unlock().map_err(|sw| format!("the PIV application refused us: {:04x}", sw.0))?;
            work(engine)
        })
    })
}

impl Engine<'_> {
    /// Has a command done.
    pub(crate) fn run(&mut self, instruction: u8, p1: u8, p2: u8, data: &[u8]) -> Answer {
        let length = u16::try_from(data.len()).map_err(|_| Sw::WRONG_LENGTH)?.to_be_bytes();
        let head = [0, instruction, p1, p2, 0, length[0], length[1]];
        let bytes = [&head, data, &[0, 0][..]].concat();
        let command = iso7816::Command::<BUFFER>::try_from(&bytes).map_err(|_| Sw::WRONG_LENGTH)?;
        let mut reply = Buffer::<u8, BUFFER>::new();
        match self.application.respond(command.as_view(), &mut reply) {
            Ok(()) => Ok(reply.to_vec()),
            Err(status) => Err(Sw(status.into())),
        }
    }

    /// Has its PIN verified, as before every use of a key.
    pub(crate) fn verify(&mut self) -> Result<(), Sw> {
        self.run(Command::VERIFY, 0, 0x80, &PIN).map(drop)
    }

    fn unlock(&mut self) -> Result<(), Sw> {
        let ask = tlv::one(0x7C, &[0x81, 0]);
        let answer = self.run(Command::AUTHENTICATE, Algorithm::TDES, management::SLOT, &ask)?;
        let challenge =
            tlv::find(&answer, 0x7C).and_then(|inner| tlv::find(inner, 0x81)).ok_or(Sw::BROKEN)?;
        let mut block = challenge.to_vec();
        Algorithm::Tdes.encrypt(&MANAGEMENT_KEY, &mut block);
        let response = tlv::one(0x7C, &tlv::one(0x82, &block));
        self.run(Command::AUTHENTICATE, Algorithm::TDES, management::SLOT, &response)?;
        self.verify()
    }
}
