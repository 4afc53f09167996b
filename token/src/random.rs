//! Random bytes for identifiers, salts, nonces and serial numbers: the kernel's, and nobody else's.

use rustix::rand::{GetRandomFlags, getrandom};

/// So many random bytes, by getrandom(2).
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        // It fails only before the pool is ready or when interrupted: both pass.
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty()).unwrap_or(0);
    }
    bytes
}
