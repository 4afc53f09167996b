//! Notes, keys, checkpoints and cosignatures: the examples of the specifications, what others published, and what is
//! not taken.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair,
};
use ledger::{
    BadCheckpoint, BadNote, BadVkey, Checkpoint, MAX_NOTE_BYTES, MAX_SIGNATURES, Note, Root, Signature,
    SignatureType, TreeHead, Unverified, Vkey, cosignature_message, subtree_message,
};
use proptest::prelude::*;

const ORIGIN: &str = "vendor.example/kunci";

fn keys(text: &str) -> Vec<Vkey> {
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn names(note: &str, known: &[Vkey]) -> Result<Vec<String>, Unverified> {
    let note = Note::parse(note.as_bytes()).unwrap();
    note.verify(known).map(|signers| signers.iter().map(|signer| signer.key.name().to_owned()).collect())
}

#[test]
fn the_examples_of_the_specifications_are_verified() {
    let known = keys(
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n\
         PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n\
         rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=",
    );
    for (note, name) in [
        (
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
            "example.com/foo",
        ),
        (
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
            "PeterNeumann",
        ),
        (
            "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n",
            "rekor.sigstore.dev",
        ),
    ] {
        assert_eq!(names(note, &known), Ok(vec![name.to_owned()]));
        assert_eq!(Note::parse(note.as_bytes()).unwrap().to_string(), note);
        let changed = format!("x{note}");
        assert_eq!(names(&changed, &known), Err(Unverified::Wrong(name.to_owned())), "{name}");
        assert_eq!(names(note, &[]), Err(Unverified::Nobody));
    }
}

#[test]
fn a_note_may_have_empty_lines_in_its_text() {
    let poem = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = Note::parse(poem.as_bytes()).unwrap();
    assert!(note.text().ends_with("\n\ned è subito sera.\n"));
    assert_eq!((note.signatures().len(), note.to_string().as_str()), (1, poem));
}

#[test]
fn a_checkpoint_of_a_log_in_the_field_is_verified_with_its_witnesses() {
    let (text, known) = (include_str!("golden/witnessed.note"), keys(include_str!("golden/witnessed.vkeys")));
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(note.to_string(), text);
    let signers = note.verify(&known).unwrap();
    let times: Vec<_> = signers.iter().map(|signer| signer.time).collect();
    assert_eq!(
        times,
        [None, Some(1_779_573_024), Some(1_779_573_024), Some(1_779_573_024), Some(1_779_573_024)]
    );
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.head().size), (known[0].name(), 1_432_088_532));
    assert_eq!(checkpoint.to_string(), note.text());
}

#[test]
fn a_note_with_the_signatures_of_some_keys_has_no_others_and_the_same_text() {
    let (text, known) = (include_str!("golden/witnessed.note"), keys(include_str!("golden/witnessed.vkeys")));
    let note = Note::parse(text.as_bytes()).unwrap();
    for few in [&known[..0], &known[..1], &known[1..3], &known[..]] {
        let only = note.only_by(few);
        assert_eq!((only.text(), only.signatures().len()), (note.text(), few.len()));
        assert!(only.signatures().iter().all(|signature| few.iter().any(|key| signature.is_by(key))));
    }
    assert_eq!(note.only_by(&known).verify(&known), note.verify(&known));
}

#[test]
fn a_checkpoint_by_ml_dsa_is_verified_and_binds_name_size_and_root() {
    let (text, known) = (include_str!("golden/ml-dsa.note"), keys(include_str!("golden/ml-dsa.vkey")));
    let signers = Note::parse(text.as_bytes()).unwrap();
    let signers = signers.verify(&known).unwrap();
    assert_eq!((signers.len(), signers[0].time), (1, Some(0)));
    for changed in [
        text.replacen(
            "
1
", "
2
", 1,
        ),
        text.replacen("+zoE", "+zoF", 1),
        text.replacen(
            "mldsa-log
",
            "x
",
            1,
        ),
    ] {
        assert_eq!(names(&changed, &known), Err(Unverified::Wrong("example.com/mldsa-log".to_owned())));
    }
}

#[test]
fn what_a_cosigner_signs_is_what_the_specification_shows() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(cosignature_message(1_679_315_147, text), format!("cosignature/v1\ntime 1679315147\n{text}"));
    let head = Checkpoint::parse(text).unwrap().head();
    let message = subtree_message("w", 7, "o", &head).unwrap();
    let expected: [&[u8]; 10] = [
        b"subtree/v1\n\0",
        &[1],
        b"w",
        &7u64.to_be_bytes(),
        &[1],
        b"o",
        &[0; 8],
        &20_852_163u64.to_be_bytes(),
        &head.root.0,
        &[],
    ];
    assert_eq!(message, expected.concat());
    assert_eq!(subtree_message(&"w".repeat(256), 7, "o", &head), None);
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key of each type, and what signs with it.
fn signer(name: &str, kind: SignatureType) -> (Vkey, Sign) {
    let random = SystemRandom::new();
    match kind {
        SignatureType::Ed25519 | SignatureType::CosignatureEd25519 => {
            let pair = Ed25519KeyPair::generate().unwrap();
            let key = Vkey::new(name, kind, pair.public_key().as_ref()).unwrap();
            (key, Box::new(move |message| pair.sign(message).as_ref().to_vec()))
        }
        SignatureType::EcdsaP256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
            let spki = spki(pair.public_key().as_ref());
            let key = Vkey::new(name, kind, &spki).unwrap();
            (key, Box::new(move |message| pair.sign(&random, message).unwrap().as_ref().to_vec()))
        }
        SignatureType::CosignatureMlDsa44 => {
            let pair = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).unwrap();
            let key = Vkey::new(name, kind, pair.public_key().as_ref()).unwrap();
            (
                key,
                Box::new(move |message| {
                    let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
                    pair.sign(message, &mut signature).unwrap();
                    signature
                }),
            )
        }
    }
}

fn spki(point: &[u8]) -> Vec<u8> {
    let head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
    [base16ct::lower::decode_vec(head).unwrap().as_slice(), point].concat()
}

const KINDS: [SignatureType; 4] = [
    SignatureType::Ed25519,
    SignatureType::EcdsaP256,
    SignatureType::CosignatureEd25519,
    SignatureType::CosignatureMlDsa44,
];

const TIME: u64 = 1_800_000_000;

/// A checkpoint that a key of each type signed.
fn signed() -> (Note, Vec<Vkey>) {
    let checkpoint = Checkpoint::new(ORIGIN, TreeHead { size: 7, root: Root([9; 32]) }).unwrap();
    let mut note = Note::new(checkpoint.to_string()).unwrap();
    let mut known = Vec::new();
    for kind in KINDS {
        let (key, sign) = signer(&format!("{ORIGIN}/{kind:?}"), kind);
        let signature = match kind {
            SignatureType::CosignatureEd25519 => {
                Signature::cosignature(&key, TIME, &sign(cosignature_message(TIME, note.text()).as_bytes()))
            }
            SignatureType::CosignatureMlDsa44 => {
                let message = subtree_message(key.name(), TIME, ORIGIN, &checkpoint.head()).unwrap();
                Signature::cosignature(&key, TIME, &sign(&message))
            }
            _ => Signature::new(&key, sign(note.text().as_bytes())),
        };
        note.add(signature).unwrap();
        known.push(key);
    }
    (note, known)
}

#[test]
fn each_flipped_bit_of_a_signed_checkpoint_spoils_a_signature_or_makes_it_a_strangers() {
    let (note, known) = signed();
    let whole = note.to_string();
    assert_eq!(note.verify(&known).unwrap().len(), 4);
    for at in 0..whole.len() {
        for bit in [1, 0x20] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= bit;
            let signers =
                Note::parse(&bytes).ok().and_then(|note| note.verify(&known).map(|all| all.len()).ok());
            assert!(signers.is_none_or(|signers| signers < 4), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn signatures_of_strangers_are_passed_over_and_one_of_a_known_key_must_be_good() {
    let (mut note, known) = signed();
    let (stranger, sign) = signer(known[0].name(), SignatureType::Ed25519);
    note.add(Signature::new(&stranger, sign(note.text().as_bytes()))).unwrap();
    assert_eq!(note.verify(&known).unwrap().len(), 4, "another key of a known name");
    assert_eq!(note.verify([&stranger]).unwrap().len(), 1);
    let forged = Signature::new(&known[0], sign(note.text().as_bytes()));
    note.add(forged).unwrap();
    assert_eq!(note.verify(&known), Err(Unverified::Wrong(known[0].name().to_owned())));
    assert_eq!(note.signatures().len(), 5, "it took the place of the good one");
}

#[test]
fn a_cosignature_of_a_time_that_no_clock_shows_is_none() {
    let checkpoint = Checkpoint::new(ORIGIN, TreeHead::empty()).unwrap().to_string();
    let (key, sign) = signer("witness.example", SignatureType::CosignatureEd25519);
    let time = 1 << 63;
    let mut note = Note::new(checkpoint.clone()).unwrap();
    note.add(Signature::cosignature(&key, time, &sign(cosignature_message(time, &checkpoint).as_bytes())))
        .unwrap();
    assert_eq!(note.verify([&key]), Err(Unverified::Wrong("witness.example".to_owned())));
}

#[test]
fn what_is_no_note_is_refused_with_its_line() {
    let line = "— a AAAAAAA=\n";
    let bad = |text: &str, why| assert_eq!(Note::parse(text.as_bytes()), Err(why), "{text:?}");
    assert!(Note::parse(format!("a\n\n{line}").as_bytes()).is_ok());
    bad("", BadNote::NoEmptyLine);
    bad("a\n", BadNote::NoEmptyLine);
    bad(&format!("a\n{line}"), BadNote::NoEmptyLine);
    bad("a\n\n", BadNote::BadLine(3));
    bad(&format!("a\nb\n\n{line}— a AAAAAAA=\nx\n"), BadNote::BadLine(6));
    bad(&format!("a\tb\n\n{line}"), BadNote::NotText);
    bad(&format!("a\r\n\n{line}"), BadNote::NotText);
    bad(&format!("a\n\n{}", line.trim_end()), BadNote::BadLine(3));
    bad(&format!("a\n\n{line}{}", line.trim_end()), BadNote::BadLine(4));
    for no_signature in [
        "- a AAAAAAA=",
        "—a AAAAAAA=",
        "— a",
        "— a ",
        "—  AAAAAAA=",
        "— a+b AAAAAAA=",
        "— a AAAAAAA",
        "— a AAAAAAB=",
        "— a AAAAAA==",
        "— a AAA=",
        "— a AAAAAAA= ",
        "— a\u{a0}b AAAAAAA=",
        "— a b AAAAAAA=",
    ] {
        bad(&format!("a\n\n{no_signature}\n"), BadNote::BadLine(3));
    }
    assert_eq!(Note::parse(&[b'a', b'\n', b'\n', 0xff]), Err(BadNote::NotText));
    bad(&"a".repeat(MAX_NOTE_BYTES + 1), BadNote::TooLong);
    bad(&format!("a\n\n{}", line.repeat(MAX_SIGNATURES + 1)), BadNote::TooMany);
    assert!(Note::parse(format!("a\n\n{}", line.repeat(MAX_SIGNATURES)).as_bytes()).is_ok());
    assert_eq!(Note::new("no newline"), Err(BadNote::NoEmptyLine));
    assert_eq!(Note::new("a\u{1b}[2J\n"), Err(BadNote::NotText));
}

#[test]
fn a_key_is_told_in_one_line_and_read_back_from_it() {
    for kind in KINDS {
        let (key, _) = signer(ORIGIN, kind);
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        // Any change of a character makes it another key's line, or none.
        let line = key.to_string();
        // The id of an ECDSA key is of the key alone.
        let first = if kind == SignatureType::EcdsaP256 { ORIGIN.len() } else { 0 };
        for at in first..line.len().min(120) {
            let mut changed = line.clone().into_bytes();
            changed[at] ^= 1;
            let parsed = String::from_utf8(changed).ok().and_then(|text| text.parse::<Vkey>().ok());
            assert_eq!(parsed, None, "{kind:?}, character {at}");
        }
    }
}

#[test]
fn what_is_no_key_is_refused_with_the_reason() {
    let bad = |text: &str, why| assert_eq!(text.parse::<Vkey>(), Err(why), "{text:?}");
    bad("", BadVkey::Shape);
    bad("a+b", BadVkey::Shape);
    bad("example.com/foo+530d903a+!!", BadVkey::Shape);
    bad("example.com/foo+530d903a+", BadVkey::Shape);
    bad("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadVkey::Id);
    bad("example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadVkey::Id);
    bad("example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadVkey::Name);
    bad("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", BadVkey::Name);
    bad("rekor.sigstore.dev+12345678+AwEB", BadVkey::Type);
    bad("rekor.sigstore.dev+12345678+AQEB", BadVkey::Key);
    bad(&format!("a+00000000+{}", "A".repeat(4000)), BadVkey::Shape);
    let point = [&[4u8][..], &[1; 64]].concat();
    assert_eq!(
        Vkey::new("a", SignatureType::EcdsaP256, &spki(&point)),
        Err(BadVkey::Key),
        "not on the curve"
    );
    assert_eq!(
        Vkey::new("a", SignatureType::EcdsaP256, &point),
        Err(BadVkey::Key),
        "not a SubjectPublicKeyInfo"
    );
    assert_eq!(Vkey::new(&"a".repeat(256), SignatureType::Ed25519, &[1; 32]), Err(BadVkey::Name));
}

#[test]
fn what_is_no_checkpoint_is_refused_with_its_line() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let bad = |text: String, why| assert_eq!(Checkpoint::parse(&text), Err(why), "{text:?}");
    let whole = format!("o\n7\n{root}\nextension\n");
    assert_eq!(Checkpoint::parse(&whole).unwrap().to_string(), whole);
    for size in
        ["", "07", "00", "+7", "-7", "7 ", " 7", "7.0", "9223372036854775808", "18446744073709551616", "٧"]
    {
        bad(format!("o\n{size}\n{root}\n"), BadCheckpoint::Size);
    }
    bad("".into(), BadCheckpoint::Origin);
    bad(format!("\n7\n{root}\n"), BadCheckpoint::Origin);
    bad(format!("{}\n7\n{root}\n", "o".repeat(256)), BadCheckpoint::Origin);
    for root in ["", "AAAA", &root[1..], &root.replace("I=", "J="), root.trim_end_matches('=')] {
        bad(format!("o\n7\n{root}\n"), BadCheckpoint::Root);
    }
    bad(format!("o\n7\n{root}"), BadCheckpoint::Root);
    bad(format!("o\n7\n{root}\n\n"), BadCheckpoint::EmptyLine);
    bad(format!("o\n7\n{root}\na\n\nb\n"), BadCheckpoint::EmptyLine);
    bad(format!("o\n7\n{root}\na"), BadCheckpoint::EmptyLine);
    bad(format!("o\n7\n{root}\n{}\n", "a".repeat(5000)), BadCheckpoint::TooLong);
    for origin in ["", "a b", "a+b", "a\nb", &"o".repeat(256)] {
        assert_eq!(Checkpoint::new(origin, TreeHead::empty()), Err(BadCheckpoint::Origin), "{origin:?}");
    }
}

proptest! {
    #[test]
    fn what_is_taken_for_a_note_prints_as_it_was_given(text in "[ -~é\n]{0,40}", lines in "(— [a-z+ ]{0,3} [A-Za-z0-9+/=]{0,12}\n){0,3}") {
        let whole = format!("{text}\n\n{lines}");
        if let Ok(note) = Note::parse(whole.as_bytes()) {
            prop_assert_eq!(note.to_string(), whole);
        }
    }

    #[test]
    fn a_checkpoint_is_read_back_as_itself(size in 0..=i64::MAX as u64, root: [u8; 32], origin in "[!-*,-~]{1,255}") {
        let checkpoint = Checkpoint::new(&origin, TreeHead { size, root: Root(root) }).unwrap();
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
    }
}
