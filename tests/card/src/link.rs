//! The way to the reader: the card is plugged in while it is connected to vpcd.
//!
//! A pcscd that ends takes the connection with it; the card comes back as soon as one listens again.

use std::error::Error;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use rustix::net::sockopt::set_tcp_quickack;
use vpicc::Connection;

use crate::card::Card;
use crate::control::Control;

/// How often a reader that is not there is looked for.
const AGAIN: Duration = Duration::from_millis(20);

/// Plugs the card in whenever it should be, and serves it. Returns only for a failure of its own.
pub(crate) fn run(port: u16, card: &mut Card<'_>, control: &Control) -> Result<(), Box<dyn Error>> {
    loop {
        control.await_inserted();
        let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
            control.pause(AGAIN);
            continue;
        };
        stream.set_nodelay(true)?;
        card.power_cycle();
        if control.connected(stream.try_clone()?) {
            let reader = stream.try_clone()?;
            let mut connection = Connection::from(stream);
            // vpcd writes a command's length and the command apart: without this, each waits for a late ACK.
            while set_tcp_quickack(&reader, true).is_ok() && connection.poll(card).is_ok() {}
        }
        control.disconnected();
    }
}
