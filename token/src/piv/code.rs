//! What an error of the `yubikey` crate means for us, in the same classes as PKCS#11's return values.
//!
//! The crate keeps few status words apart. Whatever may mean that the handle is no good any more counts as a card that
//! is gone: it is dropped and opened again, which costs one VERIFY and is always right.

use pcsc::Error as Pcsc;
use yubikey::Error;

use crate::lane::Fault;
use crate::pkcs11::{Class, Failure};

/// The class of an error.
pub(super) fn class(error: Error) -> Class {
    match error {
        Error::PcscError { .. } | Error::AppletNotFound { .. } | Error::AppletError => Class::Token,
        // Also where another program selected another application meanwhile.
        Error::AuthenticationError => Class::Login,
        Error::WrongPin { .. } | Error::PinLocked => Class::Pin,
        Error::AlgorithmError | Error::ArgumentError | Error::NotSupported => Class::Permanent,
        Error::SizeError | Error::RangeError | Error::KeyError => Class::Permanent,
        _ => Class::Device,
    }
}

/// A failed call, and which one.
pub(super) fn failure(call: &str, error: Error) -> Failure {
    Failure::Code(class(error), text(call, error))
}

/// An error and the call that answered it, short enough for a status line.
pub(super) fn text(call: &str, error: Error) -> String {
    format!("{error} from {call}")
}

/// Why no YubiKey could be opened.
pub(super) fn unopened(error: Error) -> Fault {
    let Error::PcscError { inner: Some(error) } = error else {
        return Fault::TokenMissing(text("pcscd", error));
    };
    let why = match error {
        Pcsc::NoService | Pcsc::ServiceStopped => {
            "pcscd does not run, or this user may not reach it: start it, and allow it by polkit".to_owned()
        }
        Pcsc::SharingViolation => "another program has the YubiKey for itself: close that".to_owned(),
        Pcsc::NoReadersAvailable => "no reader is there: plug the YubiKey in".to_owned(),
        // What polkit refuses.
        Pcsc::SecurityViolation => {
            "pcscd refuses this user: allow org.debian.pcsc-lite.access_pcsc and access_card by polkit"
                .to_owned()
        }
        other => format!("{other} from pcscd"),
    };
    Fault::TokenMissing(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_that_may_be_stale_is_never_used_again() {
        for inner in
            [Pcsc::RemovedCard, Pcsc::ResetCard, Pcsc::NoService, Pcsc::InvalidHandle, Pcsc::CommError]
        {
            assert_eq!(class(Error::PcscError { inner: Some(inner) }), Class::Token, "{inner:?}");
        }
    }

    #[test]
    fn a_refused_pin_is_never_tried_again() {
        for error in [Error::WrongPin { tries: 2 }, Error::PinLocked] {
            assert_eq!(class(error).tries(), 0);
            assert_eq!(class(error), Class::Pin);
        }
    }
}
