//! Every function of the module: a blow, if one is due, then the real function; what falsifies results is in `tamper`.

#![allow(non_snake_case, clippy::too_many_arguments)]

use std::ffi::c_void;
use std::sync::OnceLock;

use cryptoki_sys::*;

use crate::blow::{Left, strike};
use crate::script::{Function, RETURNS};
use crate::{control, hidden, real, tamper};

static LIST: OnceLock<Table> = OnceLock::new();

/// The list that callers get, whose place never changes.
struct Table(CK_FUNCTION_LIST);

// SAFETY: plain function pointers.
unsafe impl Sync for Table {}
// SAFETY: as above.
unsafe impl Send for Table {}

/// The module's one exported function (PKCS#11 v2.40 section 5.4).
#[allow(unreachable_pub)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    let Some(real) = real::functions().filter(|_| control::is_mapped()) else { return CKR_GENERAL_ERROR };
    let ours = LIST.get_or_init(|| Table(table(real)));
    // SAFETY: the caller's pointer; callers only read the list.
    unsafe { *list = std::ptr::from_ref(&ours.0).cast_mut() };
    CKR_OK
}

/// What befalls a call.
macro_rules! blow {
    (Sign, $session:ident, $data:ident, $length:ident, $signature:ident, $room:ident) => {
        if $signature.is_null() {
            control::blow_to_length(Function::Sign)
        } else {
            control::blow(Function::Sign)
        }
    };
    ($name:ident $(, $argument:ident)*) => {
        control::blow(Function::$name)
    };
}

/// The real call, plain or by the hand that falsifies it.
macro_rules! call {
    (plain, $real:ident, $field:ident, $blow:ident, $($argument:ident),*) => {{
        let _ = $blow;
        match $real.$field {
            // SAFETY: the caller's own arguments, passed on.
            Some(call) => unsafe { call($($argument),*) },
            None => CKR_FUNCTION_NOT_SUPPORTED,
        }
    }};
    (mechanism, $real:ident, $field:ident, $blow:ident, $($argument:ident),*) => {
        // SAFETY: the caller's own arguments, passed on.
        unsafe { hidden::info($real, $blow, $($argument),*) }
    };
    (mechanisms, $real:ident, $field:ident, $blow:ident, $($argument:ident),*) => {
        // SAFETY: the caller's own arguments, passed on.
        unsafe { hidden::list($real, $blow, $($argument),*) }
    };
    ($hand:ident, $real:ident, $field:ident, $blow:ident, $($argument:ident),*) => {
        // SAFETY: the caller's own arguments, passed on.
        unsafe { tamper::$hand($real, $blow, $($argument),*) }
    };
}

macro_rules! functions {
    ($($name:ident $field:ident($($argument:ident: $kind:ty),*) $hand:ident;)*) => {
        $(
            unsafe extern "C" fn $field($($argument: $kind),*) -> CK_RV {
                let Some(real) = real::functions() else { return CKR_GENERAL_ERROR };
                let blow = blow!($name, $($argument),*);
                let answer = match blow.map_or(Left::Call, |(action, parameter)| strike(action, parameter)) {
                    Left::Answer(code) => code,
                    Left::Call => call!($hand, real, $field, blow, $($argument),*),
                    Left::CallThen(end) => {
                        call!($hand, real, $field, blow, $($argument),*);
                        end(blow.map_or(0, |(_, parameter)| parameter))
                    }
                };
                if blow.is_some() {
                    control::count(Function::$name, RETURNS);
                }
                tamper::answered(Function::$name, answer)
            }
        )*

        fn table(real: &CK_FUNCTION_LIST) -> CK_FUNCTION_LIST {
            CK_FUNCTION_LIST {
                version: real.version,
                C_GetFunctionList: Some(C_GetFunctionList),
                $($field: real.$field.and(Some($field)),)*
            }
        }
    };
}

#[rustfmt::skip]
functions! {
    Initialize C_Initialize(a: *mut c_void) plain;
    Finalize C_Finalize(a: *mut c_void) plain;
    GetInfo C_GetInfo(a: *mut CK_INFO) plain;
    GetSlotList C_GetSlotList(a: CK_BBOOL, b: *mut CK_SLOT_ID, c: *mut CK_ULONG) slots;
    GetSlotInfo C_GetSlotInfo(a: CK_SLOT_ID, b: *mut CK_SLOT_INFO) plain;
    GetTokenInfo C_GetTokenInfo(a: CK_SLOT_ID, b: *mut CK_TOKEN_INFO) token;
    GetMechanismList C_GetMechanismList(a: CK_SLOT_ID, b: *mut CK_MECHANISM_TYPE, c: *mut CK_ULONG) mechanisms;
    GetMechanismInfo C_GetMechanismInfo(a: CK_SLOT_ID, b: CK_MECHANISM_TYPE, c: *mut CK_MECHANISM_INFO) mechanism;
    InitToken C_InitToken(a: CK_SLOT_ID, b: *mut CK_UTF8CHAR, c: CK_ULONG, d: *mut CK_UTF8CHAR) plain;
    InitPIN C_InitPIN(a: CK_SESSION_HANDLE, b: *mut CK_UTF8CHAR, c: CK_ULONG) plain;
    SetPIN C_SetPIN(a: CK_SESSION_HANDLE, b: *mut CK_UTF8CHAR, c: CK_ULONG, d: *mut CK_UTF8CHAR, e: CK_ULONG) plain;
    OpenSession C_OpenSession(a: CK_SLOT_ID, b: CK_FLAGS, c: *mut c_void, d: CK_NOTIFY, e: *mut CK_SESSION_HANDLE) plain;
    CloseSession C_CloseSession(a: CK_SESSION_HANDLE) plain;
    CloseAllSessions C_CloseAllSessions(a: CK_SLOT_ID) plain;
    GetSessionInfo C_GetSessionInfo(a: CK_SESSION_HANDLE, b: *mut CK_SESSION_INFO) plain;
    GetOperationState C_GetOperationState(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: *mut CK_ULONG) plain;
    SetOperationState C_SetOperationState(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: CK_OBJECT_HANDLE, e: CK_OBJECT_HANDLE) plain;
    Login C_Login(a: CK_SESSION_HANDLE, b: CK_USER_TYPE, c: *mut CK_UTF8CHAR, d: CK_ULONG) plain;
    Logout C_Logout(a: CK_SESSION_HANDLE) plain;
    CreateObject C_CreateObject(a: CK_SESSION_HANDLE, b: *mut CK_ATTRIBUTE, c: CK_ULONG, d: *mut CK_OBJECT_HANDLE) plain;
    CopyObject C_CopyObject(a: CK_SESSION_HANDLE, b: CK_OBJECT_HANDLE, c: *mut CK_ATTRIBUTE, d: CK_ULONG, e: *mut CK_OBJECT_HANDLE) plain;
    DestroyObject C_DestroyObject(a: CK_SESSION_HANDLE, b: CK_OBJECT_HANDLE) plain;
    GetObjectSize C_GetObjectSize(a: CK_SESSION_HANDLE, b: CK_OBJECT_HANDLE, c: *mut CK_ULONG) plain;
    GetAttributeValue C_GetAttributeValue(a: CK_SESSION_HANDLE, b: CK_OBJECT_HANDLE, c: *mut CK_ATTRIBUTE, d: CK_ULONG) attributes;
    SetAttributeValue C_SetAttributeValue(a: CK_SESSION_HANDLE, b: CK_OBJECT_HANDLE, c: *mut CK_ATTRIBUTE, d: CK_ULONG) plain;
    FindObjectsInit C_FindObjectsInit(a: CK_SESSION_HANDLE, b: *mut CK_ATTRIBUTE, c: CK_ULONG) plain;
    FindObjects C_FindObjects(a: CK_SESSION_HANDLE, b: *mut CK_OBJECT_HANDLE, c: CK_ULONG, d: *mut CK_ULONG) find;
    FindObjectsFinal C_FindObjectsFinal(a: CK_SESSION_HANDLE) plain;
    EncryptInit C_EncryptInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE) plain;
    Encrypt C_Encrypt(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    EncryptUpdate C_EncryptUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    EncryptFinal C_EncryptFinal(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: *mut CK_ULONG) plain;
    DecryptInit C_DecryptInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE) plain;
    Decrypt C_Decrypt(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    DecryptUpdate C_DecryptUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    DecryptFinal C_DecryptFinal(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: *mut CK_ULONG) plain;
    DigestInit C_DigestInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM) plain;
    Digest C_Digest(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    DigestUpdate C_DigestUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG) plain;
    DigestKey C_DigestKey(a: CK_SESSION_HANDLE, b: CK_OBJECT_HANDLE) plain;
    DigestFinal C_DigestFinal(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: *mut CK_ULONG) plain;
    SignInit C_SignInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE) sign_init;
    Sign C_Sign(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) sign;
    SignUpdate C_SignUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG) plain;
    SignFinal C_SignFinal(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: *mut CK_ULONG) plain;
    SignRecoverInit C_SignRecoverInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE) plain;
    SignRecover C_SignRecover(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    VerifyInit C_VerifyInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE) plain;
    Verify C_Verify(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: CK_ULONG) plain;
    VerifyUpdate C_VerifyUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG) plain;
    VerifyFinal C_VerifyFinal(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG) plain;
    VerifyRecoverInit C_VerifyRecoverInit(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE) plain;
    VerifyRecover C_VerifyRecover(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    DigestEncryptUpdate C_DigestEncryptUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    DecryptDigestUpdate C_DecryptDigestUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    SignEncryptUpdate C_SignEncryptUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    DecryptVerifyUpdate C_DecryptVerifyUpdate(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG, d: *mut CK_BYTE, e: *mut CK_ULONG) plain;
    GenerateKey C_GenerateKey(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: *mut CK_ATTRIBUTE, d: CK_ULONG, e: *mut CK_OBJECT_HANDLE) plain;
    GenerateKeyPair C_GenerateKeyPair(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: *mut CK_ATTRIBUTE, d: CK_ULONG, e: *mut CK_ATTRIBUTE, f: CK_ULONG, g: *mut CK_OBJECT_HANDLE, h: *mut CK_OBJECT_HANDLE) plain;
    WrapKey C_WrapKey(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE, d: CK_OBJECT_HANDLE, e: *mut CK_BYTE, f: *mut CK_ULONG) plain;
    UnwrapKey C_UnwrapKey(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE, d: *mut CK_BYTE, e: CK_ULONG, f: *mut CK_ATTRIBUTE, g: CK_ULONG, h: *mut CK_OBJECT_HANDLE) plain;
    DeriveKey C_DeriveKey(a: CK_SESSION_HANDLE, b: *mut CK_MECHANISM, c: CK_OBJECT_HANDLE, d: *mut CK_ATTRIBUTE, e: CK_ULONG, f: *mut CK_OBJECT_HANDLE) plain;
    SeedRandom C_SeedRandom(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG) plain;
    GenerateRandom C_GenerateRandom(a: CK_SESSION_HANDLE, b: *mut CK_BYTE, c: CK_ULONG) plain;
    GetFunctionStatus C_GetFunctionStatus(a: CK_SESSION_HANDLE) plain;
    CancelFunction C_CancelFunction(a: CK_SESSION_HANDLE) plain;
    WaitForSlotEvent C_WaitForSlotEvent(a: CK_FLAGS, b: *mut CK_SLOT_ID, c: *mut c_void) plain;
}
