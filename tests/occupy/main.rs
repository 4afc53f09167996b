//! Another client of a reader, which keeps it busy, or does worse.
//!
//! `kunci-occupy READER exclusive|transaction|select|block` connects to the card in this reader, alone, within a
//! transaction that it does not end, to select the PIV application, or to give wrong PINs until the card takes none any
//! more; prints its process id, and lets go at the end of its input.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ffi::CString;
use std::io::Read;

use pcsc::{Card, Context, Disposition, Protocols, Scope, ShareMode};

/// SELECT of the PIV application (SP 800-73-4 part 2, section 3.1.1).
const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08];
/// VERIFY of the PIV PIN (section 3.2.1), with one that is nobody's; its answer where no try is left.
const VERIFY: &[u8] = &[0x00, 0x20, 0x00, 0x80, 0x08, b'0', b'0', b'0', b'0', b'0', b'0', 0xFF, 0xFF];
const BLOCKED: &[u8] = &[0x69, 0x83];
/// More tries than a card gives.
const TRIES: usize = 256;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [reader, how] = arguments.as_slice() else {
        panic!("kunci-occupy READER exclusive|transaction|select|block")
    };
    let mode = if how == "exclusive" { ShareMode::Exclusive } else { ShareMode::Shared };
    let context = Context::establish(Scope::System).expect("pcscd is there");
    let reader = CString::new(reader.as_str()).unwrap();
    let mut card = context.connect(&reader, mode, Protocols::T1).expect("the card is there, and free");
    if how == "select" {
        card.transmit(SELECT, &mut [0; pcsc::MAX_BUFFER_SIZE]).expect("the application is selected");
    }
    if how == "block" {
        block(&mut card);
    }
    {
        let _held = (how == "transaction").then(|| card.transaction().expect("a transaction begins"));
        println!("{}", std::process::id());
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
    card.disconnect(Disposition::LeaveCard).map_err(|(_, error)| error).expect("the card is let go");
}

/// Nobody gives the right PIN in between: it is one transaction.
fn block(card: &mut Card) {
    let held = card.transaction().expect("a transaction begins");
    let ask = |command: &[u8]| {
        let mut room = [0; pcsc::MAX_BUFFER_SIZE];
        held.transmit(command, &mut room).expect("the card answers").to_vec()
    };
    ask(SELECT);
    assert!((0..TRIES).any(|_| ask(VERIFY) == BLOCKED), "the card takes PINs for ever");
}
