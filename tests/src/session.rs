//! A session on a token, past the agent.

use std::fmt::Display;
use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::Session;

/// Opens one that may write, on the module's token of this label.
pub fn open(module: &Path, label: &str) -> Result<Session, String> {
    let pkcs11 = Pkcs11::new(module).map_err(text)?;
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(text)?;
    let slots = pkcs11.get_slots_with_initialized_token().map_err(text)?;
    let named = |slot: &_| pkcs11.get_token_info(*slot).is_ok_and(|token| token.label() == label);
    let slot = slots.into_iter().find(named).ok_or("the module has no such token")?;
    pkcs11.open_rw_session(slot).map_err(text)
}

/// What a module answered, in words.
pub fn text(error: impl Display) -> String {
    error.to_string()
}
