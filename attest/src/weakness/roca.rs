//! The fingerprint of ROCA (Nemec, Sýs, Švenda, Klinec, Matyáš: "The Return of Coppersmith's Attack", section 5.1).
//!
//! The flawed generator makes primes k·M + (65537^a mod M), where M is the product of the first primes. So a modulus
//! lies, modulo each of these small primes, in the group that 65537 generates; of other moduli, fewer than one in 2^27 do.

/// The generator of the group.
const GENERATOR: u32 = 65_537;
/// The odd ones among the first 39 primes, which divide M for keys of every size.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a big-endian modulus bears the fingerprint.
pub(crate) fn is_weak(modulus: &[u8]) -> bool {
    !modulus.is_empty() && PRIMES.iter().all(|prime| is_power(residue(modulus, *prime), *prime))
}

fn residue(modulus: &[u8], prime: u32) -> u32 {
    modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

/// Whether `value` is a power of the generator modulo `prime`.
fn is_power(value: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == value {
            return true;
        }
        power = power * (GENERATOR % prime) % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 65537^127, big-endian: no product of two primes, and of the same shape to the fingerprint.
    fn power_of_generator() -> Vec<u8> {
        let mut number = vec![1_u8];
        for _ in 0..127 {
            // Times 2^16 + 1: shifted by two bytes, and itself added.
            let mut sum = [&[0, 0, 0], number.as_slice()].concat();
            let shifted = [&[0], number.as_slice(), &[0, 0]].concat();
            let mut carry = 0;
            for (at, byte) in sum.iter_mut().enumerate().rev() {
                let both = u16::from(*byte) + u16::from(shifted[at]) + carry;
                (*byte, carry) = (both as u8, both >> 8);
            }
            number = sum.into_iter().skip_while(|byte| *byte == 0).collect();
        }
        number
    }

    #[test]
    fn a_number_of_the_flawed_shape_bears_the_fingerprint() {
        let weak = power_of_generator();
        assert_eq!(weak.len(), 255, "65537^127 has 2033 bits");
        assert!(is_weak(&weak));
    }

    #[test]
    fn a_small_change_takes_the_fingerprint_away() {
        let mut other = power_of_generator();
        *other.last_mut().unwrap() ^= 0x02;
        assert!(!is_weak(&other));
        assert!(!is_weak(&[]));
        assert!(!is_weak(&[0]), "zero is no power of anything");
    }
}
