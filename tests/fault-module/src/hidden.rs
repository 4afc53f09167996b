//! A mechanism that a token does not have: neither listed nor described. C_SignInit refuses it in `tamper`.

use cryptoki_sys::*;

use crate::script::Action;
use crate::tamper::Blow;

/// Whether the blow hides this mechanism.
pub(crate) fn is(blow: Blow, mechanism: CK_MECHANISM_TYPE) -> bool {
    matches!(blow, Some((Action::Hide, hidden)) if hidden as CK_ULONG == mechanism)
}

pub(crate) unsafe fn info(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    slot: CK_SLOT_ID,
    mechanism: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    match real.C_GetMechanismInfo {
        _ if is(blow, mechanism) => CKR_MECHANISM_INVALID,
        // SAFETY: the caller's own arguments.
        Some(call) => unsafe { call(slot, mechanism, info) },
        None => CKR_FUNCTION_NOT_SUPPORTED,
    }
}

/// Asked for the length alone it tells the whole list's, which is room enough.
pub(crate) unsafe fn list(
    real: &CK_FUNCTION_LIST,
    blow: Blow,
    slot: CK_SLOT_ID,
    list: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> CK_RV {
    let Some(call) = real.C_GetMechanismList else { return CKR_FUNCTION_NOT_SUPPORTED };
    // SAFETY: the caller's own arguments; after a success the list has as many entries as the count says.
    unsafe {
        let code = call(slot, list, count);
        if code == CKR_OK && !list.is_null() {
            let listed = std::slice::from_raw_parts_mut(list, *count as usize);
            let mut left = 0;
            for at in 0..listed.len() {
                if !is(blow, listed[at]) {
                    listed[left] = listed[at];
                    left += 1;
                }
            }
            *count = left as CK_ULONG;
        }
        code
    }
}
