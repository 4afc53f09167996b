//! A tlog-proof. What is taken prints as it was given; it proves an entry only as one of a log of one, or by hashes that lead
//! from it to the root, which nobody finds by trying.
#![no_main]

use ledger::{Receipt, leaf_hash};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(receipt) = Receipt::parse(bytes) else { return };
    assert_eq!(receipt.to_string().as_bytes(), bytes);
    let stranger = leaf_hash(b"an entry that no log has");
    assert!(receipt.verify(&stranger).is_err());
});
