//! Every bound of the comparison, with its unit. They are told in docs/how-to/reconcile-sign-ins.md.

use jiff::SignedDuration;

/// By how much Entra's clock and the agent's may differ, and for how long Entra takes an assertion beyond its dates.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How much later than a sign-in its row may come into an export. Assertions of the last such time are not said to be without
/// a sign-in; nothing else depends on it, for rows are put in order by their own times.
pub const LATE_ROWS: SignedDuration = SignedDuration::from_hours(24);
/// How long a client keeps an assertion that it sends for every resource (azure-identity's WorkloadIdentityCredential). Only an
/// assertion that lives as long can be kept so.
pub const KEPT: SignedDuration = SignedDuration::from_secs(600);
/// What an assertion's life may lack of [`KEPT`]: `exp` is a whole second, and the entry is written a moment after it was composed.
pub(super) const KEPT_SLACK: SignedDuration = SignedDuration::from_secs(5);
/// How often one assertion out of a file that is refreshed may be used for one resource: so many programs read the file.
pub const FILE_READERS: u32 = 8;
/// A file is refreshed after this part of an assertion's life (`kunci assertion --refresh`) …
pub(super) const FILE_PART: i32 = 4;
/// … and by so much later, or so much earlier.
pub(super) const FILE_SLACK: SignedDuration = SignedDuration::from_secs(5);

/// The most sign-ins that are compared at once; each takes 48 bytes.
pub const MAX_SIGN_INS: usize = 8_000_000;
/// The most assertions; each takes 32 bytes.
pub const MAX_ASSERTIONS: usize = 16_000_000;
/// The most voids of one log; each takes 8 bytes.
pub const MAX_VOIDS: usize = MAX_ASSERTIONS;
/// The most lifecycle entries of one log that name a key; each takes what it says, half a KiB as the agent writes them.
pub const MAX_LIFECYCLE: usize = 1 << 20;
/// The most different tenants, applications, credentials, addresses or resources.
pub const MAX_DIFFERENT: usize = 1 << 20;
/// The most networks of the vendor's.
pub const MAX_NETWORKS: usize = 10_000;
/// The most rows and addresses that a finding names.
pub const MAX_NAMED: usize = 8;
