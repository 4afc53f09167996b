//! Another client of a reader, which keeps it busy.
//!
//! `kunci-occupy READER exclusive|transaction|select` connects to the card in this reader, alone, within a transaction
//! that it does not end, or to select the PIV application; prints its process id, and lets go at the end of its input.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ffi::CString;
use std::io::Read;

use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};

/// SELECT of the PIV application (SP 800-73-4 part 2, section 3.1.1).
const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [reader, how] = arguments.as_slice() else {
        panic!("kunci-occupy READER exclusive|transaction|select")
    };
    let mode = if how == "exclusive" { ShareMode::Exclusive } else { ShareMode::Shared };
    let context = Context::establish(Scope::System).expect("pcscd is there");
    let reader = CString::new(reader.as_str()).unwrap();
    let mut card = context.connect(&reader, mode, Protocols::T1).expect("the card is there, and free");
    if how == "select" {
        card.transmit(SELECT, &mut [0; pcsc::MAX_BUFFER_SIZE]).expect("the application is selected");
    }
    {
        let _held = (how == "transaction").then(|| card.transaction().expect("a transaction begins"));
        println!("{}", std::process::id());
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
    card.disconnect(Disposition::LeaveCard).map_err(|(_, error)| error).expect("the card is let go");
}
