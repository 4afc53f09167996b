//! That nothing which the `yubikey` crate logs can be printed: it writes each command, VERIFY with the PIN among them.

use std::sync::Mutex;

use log::{LevelFilter, Log, Metadata, Record};
use tests::stage;
use tests::yubikey::Model;

use crate::client::{PIN, open};

/// A program's logger, which takes all that it is given.
struct Listener(Mutex<Vec<String>>);

static LISTENER: Listener = Listener(Mutex::new(Vec::new()));

#[test]
fn a_logger_that_takes_everything_hears_nothing_of_a_pin_that_is_given() {
    let _stage = stage!(Model::default());
    log::set_logger(&LISTENER).unwrap();
    log::set_max_level(LevelFilter::Trace);
    open().verify_pin(PIN).unwrap();
    assert!(LISTENER.heard().is_empty(), "{:?}", LISTENER.heard());
    // It does listen: what is handed to it past the macros arrives.
    log::logger().log(&Record::builder().args(format_args!("heard")).build());
    assert_eq!(LISTENER.heard(), ["heard"]);
}

impl Listener {
    fn heard(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Log for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}
