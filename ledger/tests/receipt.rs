//! Receipts: made from a log, read back, and worth something only for their own entry and checkpoint.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use ledger::{BadReceipt, Ledger, MAX_RECEIPT_BYTES, Reader, Receipt, leaf_hash};

fn receipt(size: u64, index: u64) -> (Receipt, Vec<u8>) {
    let dir = log_of(size);
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let signed = publish(&ledger, &LogKey::new());
    let reader = ledger.reader().unwrap();
    let entry = reader.raw(index).next().unwrap().unwrap().1;
    (Receipt::make(&reader, index, signed).unwrap(), entry)
}

#[test]
fn a_receipt_is_read_back_and_shows_its_entry_and_no_other() {
    for (size, index) in [(1, 0), (7, 6), (300, 0), (300, 299), (300, 77)] {
        let (made, entry) = receipt(size, index);
        let read: Receipt = made.to_string().parse().unwrap();
        assert_eq!(read, made);
        assert_eq!((read.index, read.extra.as_deref()), (index, Some(entry.as_slice())));
        assert_eq!(read.verify(&leaf_hash(&entry)), Ok(()));
        assert!(read.verify(&leaf_hash(b"another")).is_err());
    }
}

#[test]
fn each_flipped_bit_of_a_receipt_is_seen_by_its_proof_its_signature_or_its_form() {
    let (key, dir) = (LogKey::new(), log_of(40));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let signed = publish(&ledger, &key);
    let reader = ledger.reader().unwrap();
    let whole = Receipt::make(&reader, 17, signed).unwrap();
    let (text, leaf) = (whole.to_string(), leaf_hash(whole.extra.as_ref().unwrap()));
    let extra = text.find("extra ").unwrap() + 6..text.find("\nindex").unwrap();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let passes = Receipt::parse(&bytes).is_ok_and(|read| {
            // What is in `extra` is believed if it has the hash.
            let leaf = if extra.contains(&at) { leaf_hash(read.extra.as_ref().unwrap()) } else { leaf };
            read.verify(&leaf).is_ok() && read.checkpoint.verify([&key.vkey]).is_ok()
        });
        assert!(!passes, "byte {at}");
    }
}

#[test]
fn no_receipt_is_made_of_what_the_checkpoint_does_not_cover() {
    let dir = log_of(10);
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let signed = publish(&ledger, &LogKey::new());
    record_all(&ledger, [intent(10)]);
    assert!(Receipt::make(&Reader::open(dir.path()).unwrap(), 10, signed).is_err());
}

#[test]
fn what_is_no_receipt_is_refused_with_its_line() {
    let (made, _) = receipt(7, 3);
    let text = made.to_string();
    let bad = |text: String, why| assert_eq!(text.parse::<Receipt>(), Err(why), "{text}");
    bad(String::new(), BadReceipt::Line(1));
    bad(text.replacen("v1", "v2", 1), BadReceipt::Head);
    bad(text.replacen("extra ", "extras ", 1), BadReceipt::Line(2));
    bad(text.replacen("extra ", "extra !", 1), BadReceipt::Line(2));
    bad(text.replacen("index 3", "index 03", 1), BadReceipt::Line(3));
    bad(text.replacen("index 3", "index -3", 1), BadReceipt::Line(3));
    bad(text.replacen("index 3\n", "index 3\nAAAA\n", 1), BadReceipt::Line(4));
    bad(text.replacen("=\n\n", "=\n", 1).replacen("\n\n", "\n", 1), BadReceipt::Line(11));
    let hash = text.lines().nth(3).unwrap();
    bad(text.replacen(hash, &vec![hash; 65].join("\n"), 1), BadReceipt::Line(68));
    assert!(matches!(
        text.replacen("=\n\nvendor", "=\n\n\nvendor", 1).parse::<Receipt>(),
        Err(BadReceipt::Checkpoint(_))
    ));
    assert_eq!(Receipt::parse(&vec![b'x'; MAX_RECEIPT_BYTES + 1]), Err(BadReceipt::TooLong));
    assert_eq!(Receipt::parse(b"\xff"), Err(BadReceipt::NotText));
    let bare = text
        .lines()
        .filter(|line| !line.starts_with("extra"))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    assert_eq!(bare.parse::<Receipt>().unwrap().extra, None);
}
