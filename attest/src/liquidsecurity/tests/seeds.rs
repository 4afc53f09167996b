//! What the fuzzer begins with for these HSMs (`fuzz/seeds/liquidsecurity`), made here under roots of nobody's.
//!
//! `KUNCI_RENEW=1 cargo test -p attest seeds` makes it anew.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Hsm, gzipped};
use crate::test_certs::{Draft, Signer};
use crate::tests::today;
use crate::{Anchor, Certificate, Evidence, Question, Verdict, verify};

/// Between the statement and its certificates; the same as in `fuzz/src/lib.rs`.
const MARK: &[u8] = b"\n====\n";
const ROOTS: &str = "genuine/liquidsecurity-roots";
const SEEDS: [&str; 3] =
    ["seeds/liquidsecurity/bare", "seeds/liquidsecurity/gzip", "seeds/liquidsecurity/under-another-name"];

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)
}

#[test]
fn the_fuzzers_genuine_evidence_is_proven_under_its_roots_and_nowhere_else() {
    if std::env::var_os("KUNCI_RENEW").is_some() {
        renew();
    }
    let strange = Question::at(today());
    let roots = Anchor::given(&fs::read(at(ROOTS)).unwrap()).unwrap();
    let question = Question { roots, ..strange.clone() };
    for name in SEEDS {
        let file = fs::read(at(name)).unwrap();
        let mark = file.windows(MARK.len()).position(|window| window == MARK).unwrap();
        let mut evidence = Evidence::new();
        evidence.add(&file[..mark]).unwrap();
        evidence.add_intermediates(&file[mark + MARK.len()..]).unwrap();
        let report = verify(&evidence, &question);
        assert!(report.is_yes(), "{name}: {report:?}");
        assert_ne!(verify(&evidence, &strange).verdict, Verdict::Proven, "{name}");
    }
}

fn renew() {
    let (hsm, der) = (Hsm::new(), |one: &Certificate| one.der().to_vec());
    let all: Vec<Vec<u8>> = hsm.certificates().iter().map(der).collect();
    fs::create_dir_all(at(SEEDS[0]).parent().unwrap()).unwrap();
    fs::write(at(ROOTS), [&all[0][..], &all[3]].concat()).unwrap();
    let certificates = [&all[1][..], &all[2], &all[4]].concat();
    let with_another = [under_another_name().der(), &certificates].concat();
    let (statement, packed) = (hsm.statement(), gzipped(&hsm.statement()));
    let files = [(&statement, &certificates), (&packed, &certificates), (&statement, &with_another)];
    for (name, (statement, certificates)) in SEEDS.iter().zip(files) {
        fs::write(at(name), [&statement[..], MARK, certificates].concat()).unwrap();
    }
}

/// The partition's key, put by a stranger on a card that is not there: it was once believed.
fn under_another_name() -> Certificate {
    let (partition, card) = ("HSM:5.2TEST-0002:PARTN:7, for FIPS mode", "HSM:5.2TEST-0002, for FIPS mode");
    Draft::new(partition, card, Signer::rsa().spki()).sign(&Signer::p256())
}
