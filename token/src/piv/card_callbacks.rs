//! What a card's user needs of the process around it: a PIN that may be given, the management key, and somebody to tell
//! that the card waits for a touch.
//!
//! The host answers these; here nothing knows where a PIN comes from or what was latched.

use std::sync::Arc;

use super::Secret;
use crate::lane::Fault;
use crate::pin::PinProvider;

/// The process around a card.
pub trait CardCallbacks: PinProvider {
    /// The card waits for a touch, or does not wait any more.
    fn touch(&self, waits: bool);

    /// The management key from its source; `None` where the card keeps it behind the PIN.
    fn management_key(&self) -> Result<Option<Arc<Secret>>, Fault>;
}
