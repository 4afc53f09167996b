//! Which key a sign-in was made with, as far as its row tells.

use std::collections::HashMap;

use uuid::Uuid;

use super::gathered::{Credential, SignIns};
use super::names::Number;
use crate::signins::Method;

/// With what a sign-in was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum By {
    /// One of the logs' keys.
    Key(Number),
    /// The row does not tell, or by a name that nothing explains.
    Untold,
    /// Something that is no key of the logs.
    Other(&'static str),
}

/// What each credential is. A keyId is learned from rows that tell a thumbprint, too.
pub(super) fn all(sign_ins: &SignIns) -> Vec<By> {
    let mut learned: HashMap<Uuid, By> = HashMap::new();
    for credential in sign_ins.credentials.iter() {
        if let ((Some(_), Some(key_id), _), by @ (By::Key(_) | By::Other(_))) =
            (credential, of(sign_ins, credential, &HashMap::new()))
        {
            learned.insert(*key_id, by);
        }
    }
    sign_ins.credentials.iter().map(|credential| of(sign_ins, credential, &learned)).collect()
}

fn of(sign_ins: &SignIns, credential: &Credential, learned: &HashMap<Uuid, By>) -> By {
    let keys = &sign_ins.logs.keys;
    match *credential {
        (_, _, Method::Secret) => By::Other("a client secret"),
        (_, _, Method::Federated) => By::Other("another issuer's assertion"),
        (_, _, Method::Other) => By::Other("a credential of another kind"),
        (Some(thumbprint), key_id, _) => match keys.by_thumbprint(thumbprint) {
            Some(key) => By::Key(key),
            None => match key_id.and_then(|key_id| keys.by_key_id(key_id)) {
                Some(key) => By::Key(key),
                // It may be a certificate of which the logs have another digest only.
                None if keys.untold() > 0 => By::Untold,
                None => By::Other("a certificate that no log names"),
            },
        },
        (None, Some(key_id), _) => {
            let published = keys.by_key_id(key_id).map(By::Key);
            published.or_else(|| learned.get(&key_id).copied()).unwrap_or(By::Untold)
        }
        (None, None, _) => By::Untold,
    }
}
