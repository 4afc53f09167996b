//! What is no signature that opened a tenant, and so is counted apart.

use serde::Serialize;

use crate::{Line, Signed};

/// Intents that are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// Proofs for a key roll: each can add a key to its application.
    pub proofs: u64,
    /// Certificates.
    pub certificates: u64,
    /// Certificate requests.
    pub requests: u64,
    /// Messages that this version does not know.
    pub others: u64,
    /// Intents of any kind that a void names: nothing of them left.
    pub voided: u64,
}

impl Apart {
    /// Counts an intent, unless it is an assertion that may have left; gives whether it is one.
    pub fn sift(&mut self, line: &Line<'_>, is_voided: bool) -> bool {
        let count = match Signed::of(line.message.as_deref()) {
            _ if is_voided => &mut self.voided,
            Signed::Assertion => return true,
            Signed::Proof => &mut self.proofs,
            Signed::Certificate => &mut self.certificates,
            Signed::Request => &mut self.requests,
            Signed::Other => &mut self.others,
        };
        *count += 1;
        false
    }
}
