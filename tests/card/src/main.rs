//! `kunci-card`: a virtual YubiKey, plugged into vpcd, the virtual reader of the real pcscd.
//!
//! Test code: it is never published and never installed. Keys, signatures and data objects are Nitrokey's PIV
//! application (`inner/`); before it stands what makes a YubiKey of it (Yubico's PIV extensions, SP 800-73-4 part 2),
//! and a control socket by which a test pulls the key, touches it, or makes it fail. tests/card/README.md says how.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod apdu;
mod attest;
mod authority;
mod card;
mod control;
mod exchange;
mod fault;
mod inner;
mod keys;
mod link;
mod management;
mod metadata;
mod objects;
mod options;
mod pin;
mod session;
mod state;
mod tlv;
mod touch;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use crate::authority::Authority;
use crate::card::Card;
use crate::control::Control;
use crate::options::Options;
use crate::state::State;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kunci-card: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(&options.state)?;
    let authority = Authority::open(options.authority())?;
    let state = State::open(&options.state, options, &authority)?;
    let control = Arc::new(Control::new(!options.pulled));
    let patience = Duration::from_secs(options.touch_time);
    inner::with_engine(&options.state, |engine| {
        control::listen(&options.control(), Arc::clone(&control), state.clone())?;
        let mut card = Card::new(state, engine, Arc::clone(&control), patience);
        link::run(options.reader, &mut card, &control)
    })
}
