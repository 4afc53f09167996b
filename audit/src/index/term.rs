//! What entries are found by: one value of one field, as 64 bits of a hash.
//!
//! Two values may share one: what is found is read and compared, so that costs a look and nothing else.

use sha2::{Digest, Sha256};

use crate::{Line, Query};

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term(pub(crate) u64);

impl Term {
    fn of(field: &str, value: &str) -> Self {
        let hash = Sha256::new().chain_update(field).chain_update([0]).chain_update(value).finalize();
        Self(first_bytes(&hash))
    }

    /// Those of an entry.
    pub(crate) fn of_entry(line: &Line<'_>) -> impl Iterator<Item = Self> {
        let jti = line.jti.as_deref().map(|jti| Self::of("jti", jti));
        let tenant = line.tenant.as_deref().map(|tenant| Self::of("tenant", tenant));
        jti.into_iter().chain(tenant)
    }

    /// The rarest that all matching entries have.
    pub(crate) fn of_query(query: &Query) -> Option<Self> {
        let held = |text: &String| ledger::cut(text, ledger::MAX_TEXT_BYTES).to_owned();
        let jti = query.jti.as_ref().map(|jti| Self::of("jti", &held(jti)));
        jti.or_else(|| query.tenant.as_ref().map(|tenant| Self::of("tenant", &held(tenant))))
    }
}

/// The first eight bytes of a hash, as a number.
pub(super) fn first_bytes(hash: &[u8]) -> u64 {
    hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// What tells that bytes of a file are those that were written.
pub(super) fn check(bytes: &[u8]) -> u64 {
    first_bytes(&Sha256::digest(bytes))
}
