//! The module behind this one, loaded once and never unloaded.

use std::sync::OnceLock;

use cryptoki_sys::{CK_FUNCTION_LIST, CK_RV, CKR_OK};
use libloading::{Library, Symbol};

/// Which module it is.
const MODULE: &str = "KUNCI_FAULTS_MODULE";

static REAL: OnceLock<Option<CK_FUNCTION_LIST>> = OnceLock::new();

type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;

/// Its functions; none where it cannot be loaded.
pub(crate) fn functions() -> Option<&'static CK_FUNCTION_LIST> {
    REAL.get_or_init(load).as_ref()
}

fn load() -> Option<CK_FUNCTION_LIST> {
    let path = std::env::var_os(MODULE)?;
    // SAFETY: what a PKCS#11 module may run when it is loaded, and its one entry point as PKCS#11 v2.40 section 5.4 has it.
    unsafe {
        let library = Box::leak(Box::new(Library::new(path).ok()?));
        let entry: Symbol<'_, GetFunctionList> = library.get(b"C_GetFunctionList\0").ok()?;
        let mut list = std::ptr::null_mut();
        if entry(&mut list) == CKR_OK { list.as_ref().copied() } else { None }
    }
}
