//! The table, row by row: what each code is, how often the host repeats it and who in the host does, and what the front is
//! told when it stays.

use super::*;
use RvError as R;

const UNKNOWN: RvError = R::VendorDefined(0x8000_0001);

#[track_caller]
fn row(codes: &[RvError], class: Class, tries: u32, is_the_sessions: bool, fault: fn(String) -> Fault) {
    for code in codes {
        assert_eq!(Class::of_code(*code), class, "{code:?}");
    }
    assert_eq!((class.tries(), class.is_the_sessions()), (tries, is_the_sessions), "{class:?}");
    assert_eq!(class.fault("x".into()), fault("x".into()), "{class:?}");
}

#[test]
fn what_certainly_did_nothing_is_repeated_once_by_the_session() {
    row(&[R::SessionHandleInvalid, R::SessionClosed], Class::Session, 1, true, Fault::Device);
    row(&[R::KeyHandleInvalid, R::ObjectHandleInvalid], Class::Key, 1, true, Fault::Device);
    row(&[R::OperationActive], Class::Operation, 1, true, Fault::Device);
}

#[test]
fn a_lost_login_is_repeated_once_and_by_the_lane_since_the_keeper_alone_logs_in() {
    row(&[R::UserNotLoggedIn], Class::Login, 1, false, |_| Fault::Starting);
}

#[test]
fn a_host_without_memory_tries_twice_with_fewer_sessions_and_then_ends() {
    row(&[R::DeviceMemory, R::HostMemory], Class::Memory, 2, false, Fault::Broken);
}

#[test]
fn a_token_without_sessions_left_is_asked_again_and_again() {
    row(&[R::SessionCount], Class::Crowded, 20, true, Fault::Device);
}

#[test]
fn what_may_have_signed_is_never_repeated_under_the_same_intent() {
    row(&[R::DeviceError, R::FunctionFailed, UNKNOWN], Class::Device, 0, false, Fault::Device);
}

#[test]
fn a_module_beyond_help_is_not_asked_again_before_its_host_was_replaced() {
    row(&[R::GeneralError, R::CryptokiNotInitialized], Class::Module, 0, false, Fault::Broken);
}

#[test]
fn a_token_that_is_gone_is_told_at_once() {
    row(&[R::DeviceRemoved, R::TokenNotPresent], Class::Token, 0, false, Fault::TokenMissing);
}

#[test]
fn a_refused_pin_is_never_tried_again() {
    row(&[R::PinIncorrect, R::PinExpired, R::PinLocked], Class::Pin, 0, false, Fault::Latched);
}

#[test]
fn what_a_token_cannot_do_it_is_not_asked_twice() {
    let codes = [R::MechanismInvalid, R::KeyFunctionNotPermitted, R::ArgumentsBad, R::DataLenRange];
    row(&codes, Class::Permanent, 0, false, Fault::Permanent);
}
