//! The genuine statement that the fuzzer begins with (`fuzz/seeds/statement`), and the chains that it is proven by.
//!
//! `KUNCI_RENEW=1 cargo test -p attest seeds` makes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Hsm, ask, gzipped};
use crate::{Anchor, Certificate, Question, Verdict};

/// The roots and what is between, DER after DER.
const CHAINS: &str = "genuine/hsm-chains";
const STATEMENTS: [&str; 2] = ["seeds/statement/bare", "seeds/statement/packed"];

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)
}

#[test]
fn the_fuzzers_genuine_statement_is_proven_under_its_root_and_nowhere_else() {
    if std::env::var_os("KUNCI_RENEW").is_some() {
        renew();
    }
    let strange = Question::at(crate::tests::today());
    let roots = Anchor::given(&fs::read(at(CHAINS)).unwrap()).unwrap();
    let question = Question { roots, ..strange.clone() };
    for name in STATEMENTS {
        let statement = fs::read(at(name)).unwrap();
        assert_eq!(ask(&[&statement], &[], &question).verdict, Verdict::Proven, "{name}");
        assert_eq!(ask(&[&statement], &[], &strange).verdict, Verdict::Unattested, "{name}");
    }
}

fn renew() {
    let hsm = Hsm::new();
    let chains: Vec<u8> = hsm.certificates().iter().flat_map(Certificate::der).copied().collect();
    fs::create_dir_all(at("seeds/statement")).unwrap();
    fs::write(at(CHAINS), chains).unwrap();
    let statement = hsm.statement();
    for (name, bytes) in STATEMENTS.iter().zip([statement.clone(), gzipped(&statement)]) {
        fs::write(at(name), bytes).unwrap();
    }
}
