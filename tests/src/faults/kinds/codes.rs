//! A function answers a code: every row of the table that `token/src/pkcs11/code.rs` holds.

use cryptoki_sys::*;
use fault_module::{Action, Function};

use super::{Group, Kind};
use crate::faults::Times;

/// How many calls in a row answer a code that is not there to stay: a start tries again more often than a request, and a
/// memory that ran out is given two tries.
const SOME: u64 = 3;
const TWICE: u64 = 2;
/// Codes that no standard has: one of ours, one of a vendor's.
const UNKNOWN: CK_RV = 0x5555;
const VENDOR: CK_RV = CKR_VENDOR_DEFINED | 0x1234;

pub(super) fn kinds() -> Vec<Kind> {
    use Function::{FindObjects, FindObjectsInit, GetAttributeValue, GetTokenInfo, Sign, SignInit};
    vec![
        mended("CKR_SESSION_HANDLE_INVALID from C_SignInit", SignInit, CKR_SESSION_HANDLE_INVALID),
        mended("CKR_SESSION_CLOSED from C_Sign", Sign, CKR_SESSION_CLOSED),
        mended("CKR_KEY_HANDLE_INVALID from C_SignInit", SignInit, CKR_KEY_HANDLE_INVALID),
        mended("CKR_OBJECT_HANDLE_INVALID from C_SignInit", SignInit, CKR_OBJECT_HANDLE_INVALID),
        lasting("CKR_DEVICE_REMOVED from C_Sign, lasting", Sign, CKR_DEVICE_REMOVED),
        lasting("CKR_TOKEN_NOT_PRESENT from C_SignInit, lasting", SignInit, CKR_TOKEN_NOT_PRESENT),
        gone("CKR_TOKEN_NOT_PRESENT from C_GetTokenInfo, lasting", GetTokenInfo, CKR_TOKEN_NOT_PRESENT),
        mended("CKR_USER_NOT_LOGGED_IN from C_SignInit", SignInit, CKR_USER_NOT_LOGGED_IN),
        mended("CKR_OPERATION_ACTIVE from C_SignInit", SignInit, CKR_OPERATION_ACTIVE),
        start("CKR_SESSION_COUNT from C_OpenSession, at a start", CKR_SESSION_COUNT),
        start("CKR_DEVICE_ERROR from C_OpenSession, at a start", CKR_DEVICE_ERROR),
        mended("CKR_DEVICE_ERROR from C_Sign", Sign, CKR_DEVICE_ERROR),
        lasting("CKR_DEVICE_ERROR from C_Sign, lasting", Sign, CKR_DEVICE_ERROR),
        mended("CKR_FUNCTION_FAILED from C_Sign", Sign, CKR_FUNCTION_FAILED),
        mended("an unknown code from C_Sign", Sign, UNKNOWN),
        mended("a vendor's code from C_SignInit", SignInit, VENDOR),
        lasting("a vendor's code from C_SignInit, lasting", SignInit, VENDOR),
        twice("CKR_DEVICE_MEMORY from C_SignInit, twice", SignInit, CKR_DEVICE_MEMORY),
        twice("CKR_HOST_MEMORY from C_Sign, twice", Sign, CKR_HOST_MEMORY),
        lasting("CKR_HOST_MEMORY from C_Sign, lasting", Sign, CKR_HOST_MEMORY),
        mended("CKR_GENERAL_ERROR from C_Sign", Sign, CKR_GENERAL_ERROR),
        lasting("CKR_GENERAL_ERROR from C_Sign, lasting", Sign, CKR_GENERAL_ERROR),
        mended("CKR_CRYPTOKI_NOT_INITIALIZED from C_SignInit", SignInit, CKR_CRYPTOKI_NOT_INITIALIZED),
        refused("CKR_MECHANISM_INVALID from C_SignInit", SignInit, CKR_MECHANISM_INVALID),
        lasting("CKR_MECHANISM_INVALID from C_SignInit, lasting", SignInit, CKR_MECHANISM_INVALID),
        refused("CKR_KEY_FUNCTION_NOT_PERMITTED from C_SignInit", SignInit, CKR_KEY_FUNCTION_NOT_PERMITTED),
        refused("CKR_ARGUMENTS_BAD from C_Sign", Sign, CKR_ARGUMENTS_BAD),
        refused("CKR_DATA_LEN_RANGE from C_Sign", Sign, CKR_DATA_LEN_RANGE),
        mended("CKR_BUFFER_TOO_SMALL from C_Sign", Sign, CKR_BUFFER_TOO_SMALL),
        after("CKR_DEVICE_ERROR from C_Sign, which signed", CKR_DEVICE_ERROR),
        start_at("CKR_DEVICE_ERROR from C_FindObjects, at a start", FindObjects, CKR_DEVICE_ERROR),
        start_at(
            "CKR_FUNCTION_FAILED from C_FindObjectsInit, at a start",
            FindObjectsInit,
            CKR_FUNCTION_FAILED,
        ),
        start_at(
            "CKR_DEVICE_ERROR from C_GetAttributeValue, at a start",
            GetAttributeValue,
            CKR_DEVICE_ERROR,
        ),
        start_at("CKR_GENERAL_ERROR from C_Initialize", Function::Initialize, CKR_GENERAL_ERROR),
        start_at("CKR_DEVICE_ERROR from C_Initialize", Function::Initialize, CKR_DEVICE_ERROR),
        start_at("CKR_HOST_MEMORY from C_Initialize", Function::Initialize, CKR_HOST_MEMORY),
        start_at("CKR_DEVICE_ERROR from C_GetSlotList, at a start", Function::GetSlotList, CKR_DEVICE_ERROR),
    ]
}

/// One call answers the code, and no caller feels it.
fn mended(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike(function, Action::Code, code, 1)).refusing(0)
}

/// Two calls in a row answer the code, be they one request's, and no caller feels it.
fn twice(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike(function, Action::Code, code, TWICE)).refusing(0)
}

/// One call answers the code, and its request is refused: no other is.
fn refused(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike_refused(function, Action::Code, code)).refusing(1)
}

/// One call signs, and answers the code all the same: whatever becomes of that signature, no caller feels it.
fn after(name: &'static str, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike_signed(Action::CodeAfter, code)).refusing(0)
}

/// Every call answers the code until callers felt it.
fn lasting(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike_all(function, Action::Code, code))
}

/// Every call answers the code until the token manager felt it, on its rounds.
fn gone(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| {
        scene.site.faults().strike(function, Action::Code, code, Times::Always);
        scene.agent().await_tokens("missing");
        scene.until_refused();
        scene.clear();
    })
}

/// Some calls answer the code while the host starts.
fn start_at(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| {
        scene.strike_start(function, Action::Code, code, Times::N(SOME));
        scene.gone();
    })
}

/// C_OpenSession answers the code until callers felt it.
fn start(name: &'static str, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| {
        scene.strike_start(Function::OpenSession, Action::Code, code, Times::Always);
        scene.until_refused();
        scene.clear();
    })
}
