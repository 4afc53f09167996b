//! What is falsified in the results of single functions: signatures, keys, lengths, lists, a token's serial number.

use std::sync::{Mutex, PoisonError};

use cryptoki_sys::*;

use crate::script::{Action, Function, TALLY};
use crate::{control, hidden};

/// The codes by which a token refuses a PIN.
const REFUSALS: [CK_RV; 5] =
    [CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED, CKR_PIN_LOCKED];
/// How many keys are looked through for another one.
const KEYS: usize = 16;
/// What pads a stretched value.
const PAD: u8 = b'k';

/// The last whole signature.
static LAST: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(crate) type Blow = Option<(Action, u64)>;

/// Counts what the driver wants to know of an answer, and passes it on.
pub(crate) fn answered(function: Function, code: CK_RV) -> CK_RV {
    if function == Function::Login && REFUSALS.contains(&code) {
        control::count(Function::Login, TALLY);
    }
    code
}

pub(crate) unsafe fn sign(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    length: CK_ULONG,
    signature: *mut CK_BYTE,
    room: *mut CK_ULONG,
) -> CK_RV {
    let Some(sign) = real.C_Sign else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own arguments.
    let code = unsafe { sign(session, data, length, signature, room) };
    if code != CKR_OK {
        return code;
    }
    if blow.is_some() && !signature.is_null() {
        control::count(Function::Sign, TALLY);
    }
    // SAFETY: C_Sign succeeded, so both pointers are good, but for a signature that was not asked for yet.
    unsafe {
        if !signature.is_null() && *room > 0 {
            falsify(std::slice::from_raw_parts_mut(signature, *room as usize), blow);
        }
        match blow {
            Some((Action::Length | Action::Room, garbage)) => *room = garbage as CK_ULONG,
            Some((Action::Short, short)) => *room = (*room).min(short as CK_ULONG),
            _ => {}
        }
    }
    code
}

fn falsify(signature: &mut [u8], blow: Blow) {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match blow {
        Some((Action::Flip, bit)) => {
            let at = bit as usize / 8 % signature.len();
            signature[at] ^= 1 << (bit % 8);
        }
        Some((Action::Stale, _)) if last.len() == signature.len() => signature.copy_from_slice(&last),
        _ => *last = signature.to_vec(),
    }
}

pub(crate) unsafe fn sign_init(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    let Some(sign_init) = real.C_SignInit else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own session, with nothing under way in it, and the caller's own arguments.
    unsafe {
        if mechanism.as_ref().is_some_and(|asked| hidden::is(blow, asked.mechanism)) {
            return CKR_MECHANISM_INVALID;
        }
        let key = match blow {
            Some((Action::OtherKey, _)) => other_key(real, session, key).unwrap_or(key),
            _ => key,
        };
        if let (Some((Action::LogOut, _)), Some(log_out)) = (blow, real.C_Logout) {
            log_out(session);
        }
        sign_init(session, mechanism, key)
    }
}

unsafe fn other_key(
    real: &CK_FUNCTION_LIST,
    session: CK_SESSION_HANDLE,
    key: CK_OBJECT_HANDLE,
) -> Option<CK_OBJECT_HANDLE> {
    let mut class = CKO_PRIVATE_KEY;
    let mut template = CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: (&raw mut class).cast(),
        ulValueLen: size_of::<CK_OBJECT_CLASS>() as CK_ULONG,
    };
    let (mut found, mut count) = ([0; KEYS], 0);
    // SAFETY: pointers to locals that outlive the calls.
    unsafe {
        (real.C_FindObjectsInit?)(session, &raw mut template, 1);
        (real.C_FindObjects?)(session, found.as_mut_ptr(), KEYS as CK_ULONG, &raw mut count);
        (real.C_FindObjectsFinal?)(session);
    }
    found.into_iter().take(count as usize).find(|other| *other != key)
}

pub(crate) unsafe fn attributes(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    let Some(read) = real.C_GetAttributeValue else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own arguments; a value has as much room as its attribute said before the call.
    unsafe {
        let room = template.as_ref().map_or(0, |first| first.ulValueLen as usize);
        if let (Some((Action::Unread, attribute)), Some(first)) = (blow, template.as_ref())
            && first.type_ == attribute as CK_ULONG
        {
            return CKR_FUNCTION_FAILED;
        }
        let code = read(session, object, template, count);
        if let (CKR_OK, Some((action, size)), Some(first)) = (code, blow, template.as_mut()) {
            match action {
                Action::Length => first.ulValueLen = size as CK_ULONG,
                Action::Stretch if first.pValue.is_null() => first.ulValueLen = size as CK_ULONG,
                Action::Stretch => {
                    let told = first.ulValueLen as usize;
                    first.pValue.cast::<u8>().add(told).write_bytes(PAD, room.saturating_sub(told));
                    first.ulValueLen = room.max(told) as CK_ULONG;
                }
                _ => {}
            }
        }
        code
    }
}

pub(crate) unsafe fn find(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    session: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    room: CK_ULONG,
    count: *mut CK_ULONG,
) -> CK_RV {
    let Some(find) = real.C_FindObjects else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own arguments.
    unsafe {
        let code = find(session, objects, room, count);
        if let Some((Action::Length, garbage)) = blow {
            *count = garbage as CK_ULONG;
        }
        code
    }
}

pub(crate) unsafe fn slots(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    present: CK_BBOOL,
    list: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    let Some(slots) = real.C_GetSlotList else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own arguments.
    unsafe {
        let code = slots(present, list, count);
        match blow {
            Some((Action::Length, 0)) => {
                *count = 0;
                CKR_OK
            }
            Some((Action::Length, garbage)) => {
                *count = garbage as CK_ULONG;
                code
            }
            _ => code,
        }
    }
}

pub(crate) unsafe fn token(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    slot: CK_SLOT_ID,
    info: *mut CK_TOKEN_INFO,
) -> CK_RV {
    let Some(token) = real.C_GetTokenInfo else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own arguments.
    unsafe {
        let code = token(slot, info);
        if let (CKR_OK, Some((Action::OtherSerial, _))) = (code, blow) {
            (*info).serialNumber = *b"another-serial-1";
        }
        code
    }
}
