//! A function answers a code: every row of the table that `token/src/pkcs11/code.rs` holds.

use cryptoki_sys::*;
use fault_module::{Action, Function};

use super::{Group, Kind};
use crate::faults::Times;

/// How many calls in a row answer a code that is not there to stay.
const SOME: u64 = 3;
/// Codes that no standard has: one of ours, one of a vendor's.
const UNKNOWN: CK_RV = 0x5555;
const VENDOR: CK_RV = CKR_VENDOR_DEFINED | 0x1234;

pub(super) fn kinds() -> Vec<Kind> {
    use Function::{FindObjects, FindObjectsInit, GetAttributeValue, GetTokenInfo, Sign, SignInit};
    vec![
        some("CKR_SESSION_HANDLE_INVALID from C_SignInit", SignInit, CKR_SESSION_HANDLE_INVALID),
        some("CKR_SESSION_CLOSED from C_Sign", Sign, CKR_SESSION_CLOSED),
        some("CKR_KEY_HANDLE_INVALID from C_SignInit", SignInit, CKR_KEY_HANDLE_INVALID),
        some("CKR_OBJECT_HANDLE_INVALID from C_SignInit", SignInit, CKR_OBJECT_HANDLE_INVALID),
        lasting("CKR_DEVICE_REMOVED from C_Sign, lasting", Sign, CKR_DEVICE_REMOVED),
        lasting("CKR_TOKEN_NOT_PRESENT from C_SignInit, lasting", SignInit, CKR_TOKEN_NOT_PRESENT),
        gone("CKR_TOKEN_NOT_PRESENT from C_GetTokenInfo, lasting", GetTokenInfo, CKR_TOKEN_NOT_PRESENT),
        some("CKR_USER_NOT_LOGGED_IN from C_SignInit", SignInit, CKR_USER_NOT_LOGGED_IN),
        some("CKR_OPERATION_ACTIVE from C_SignInit", SignInit, CKR_OPERATION_ACTIVE),
        start("CKR_SESSION_COUNT from C_OpenSession, at a start", CKR_SESSION_COUNT),
        start("CKR_DEVICE_ERROR from C_OpenSession, at a start", CKR_DEVICE_ERROR),
        some("CKR_DEVICE_ERROR from C_Sign", Sign, CKR_DEVICE_ERROR),
        lasting("CKR_DEVICE_ERROR from C_Sign, lasting", Sign, CKR_DEVICE_ERROR),
        some("CKR_FUNCTION_FAILED from C_Sign", Sign, CKR_FUNCTION_FAILED),
        some("an unknown code from C_Sign", Sign, UNKNOWN),
        lasting("a vendor's code from C_SignInit, lasting", SignInit, VENDOR),
        some("CKR_DEVICE_MEMORY from C_SignInit", SignInit, CKR_DEVICE_MEMORY),
        lasting("CKR_HOST_MEMORY from C_Sign, lasting", Sign, CKR_HOST_MEMORY),
        some("CKR_GENERAL_ERROR from C_Sign", Sign, CKR_GENERAL_ERROR),
        lasting("CKR_GENERAL_ERROR from C_Sign, lasting", Sign, CKR_GENERAL_ERROR),
        some("CKR_CRYPTOKI_NOT_INITIALIZED from C_SignInit", SignInit, CKR_CRYPTOKI_NOT_INITIALIZED),
        lasting("CKR_MECHANISM_INVALID from C_SignInit, lasting", SignInit, CKR_MECHANISM_INVALID),
        some("CKR_KEY_FUNCTION_NOT_PERMITTED from C_SignInit", SignInit, CKR_KEY_FUNCTION_NOT_PERMITTED),
        some("CKR_ARGUMENTS_BAD from C_Sign", Sign, CKR_ARGUMENTS_BAD),
        some("CKR_DATA_LEN_RANGE from C_Sign", Sign, CKR_DATA_LEN_RANGE),
        some("CKR_BUFFER_TOO_SMALL from C_Sign", Sign, CKR_BUFFER_TOO_SMALL),
        after("CKR_DEVICE_ERROR from C_Sign, which signed", Sign, CKR_DEVICE_ERROR),
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

/// Some calls in a row answer the code.
fn some(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike(function, Action::Code, code, SOME))
}

/// Some calls do what they were asked, and answer the code all the same.
fn after(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike(function, Action::CodeAfter, code, SOME))
}

/// Every call answers the code until callers felt it.
fn lasting(name: &'static str, function: Function, code: CK_RV) -> Kind {
    Kind::new(Group::Codes, name, move |scene| scene.strike_all(function, Action::Code, code))
}

/// Every call answers the code until the keeper felt it, on its rounds.
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
