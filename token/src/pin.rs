//! A PIN on its way to a token: no Debug, no Clone, wiped when dropped, opened by one call.

#[cfg(feature = "piv")]
use secrecy::ExposeSecret;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::control::LoginOutcome;
use crate::lane::Fault;

/// Who has the PIN of a token that is served, for keys that want it again.
pub trait PinBearer: Send + Sync {
    /// Lets `give` present the PIN once: the attempt is durable before, and its outcome is told after.
    fn verify(&self, give: &mut dyn FnMut(&Pin) -> LoginOutcome) -> Result<(), Fault>;
}

/// A PIN.
pub struct Pin(SecretString);

impl Pin {
    /// Takes a PIN out of a file's or a client's bytes: one newline at the end is not part of it. `None` where that
    /// leaves nothing, or no UTF-8.
    pub fn from_bytes(bytes: &Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() { None } else { Some(Self(SecretString::from(text))) }
    }

    /// The PIN, for a binding that takes it so.
    pub(crate) fn expose(&self) -> &SecretString {
        &self.0
    }

    /// The PIN's bytes.
    #[cfg(feature = "piv")]
    pub(crate) fn expose_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}
