//! A key's end: DELETE KEY. Firmware has the command from 5.7 on; before, a key goes
//! only by another one that is made in its slot, which is for its owner to do.
//!
//! The `yubikey` crate does not know the command, so it is given over a connection of its own. What was authenticated
//! counts for the card, not for a connection. Yubico, PIV extensions: MOVE KEY with the slot FF as its goal.

use std::ffi::CString;

use hsm_config::PivSlot;
use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};

use super::{Card, code};
use crate::lane::Fault;
use crate::pkcs11::Failure;
use crate::writes::Write;

/// The first firmware that deletes a key.
pub(super) const SINCE: (u8, u8, u8) = (5, 7, 0);
/// What its answer ends with when it did.
const DONE: [u8; 2] = [0x90, 0x00];
/// Room for the answer, which is a status and nothing else, in bytes.
const ANSWER: usize = 16;

impl Card {
    /// Deletes the key in a slot. The management key was authenticated.
    pub(super) fn delete(&mut self, _: &Write, slot: PivSlot) -> Result<(), Failure> {
        if !self.deletes_keys() {
            let why = "firmware before 5.7 deletes no key: make a new one in its slot with ykman";
            return Err(Fault::Permanent(why.into()).into());
        }
        let answer = self
            .transmit(&[0x00, 0xf6, 0xff, slot.number()])
            .map_err(|error| code::failure("DELETE KEY", yubikey::Error::PcscError { inner: Some(error) }))?;
        if answer != DONE {
            return Err(Fault::Permanent(format!("DELETE KEY answered {answer:02x?}")).into());
        }
        Ok(())
    }

    fn transmit(&self, command: &[u8]) -> Result<Vec<u8>, pcsc::Error> {
        let name = CString::new(self.reader()).map_err(|_| pcsc::Error::UnknownReader)?;
        let card = Context::establish(Scope::System)?.connect(&name, ShareMode::Shared, Protocols::T1)?;
        let mut answer = [0; ANSWER];
        let answered = card.transmit(command, &mut answer).map(<[u8]>::to_vec);
        // Dropped, it would reset the card.
        card.disconnect(Disposition::LeaveCard).map_err(|(_, error)| error)?;
        answered
    }
}
