//! Statements of LiquidSecurity HSMs, bare and in gzip: mutants of one that is proven. What stays proven holds all bytes that
//! were signed.
#![no_main]

use std::sync::LazyLock;

use attest::{Anchor, Evidence, HsmStatement, Question, Verdict};
use kunci_fuzz::QUESTION;
use libfuzzer_sys::fuzz_target;

/// The same file is a seed.
const STATEMENT: &[u8] = include_bytes!("../seeds/statement/bare");
/// The roots and certificates that it is proven by.
const CHAINS: &[u8] = include_bytes!("../genuine/hsm-chains");

static GENUINE: LazyLock<(HsmStatement, Question)> = LazyLock::new(|| {
    let statement = HsmStatement::parse(STATEMENT).expect("a statement");
    let question =
        Question { roots: Anchor::given(CHAINS).expect("certificates"), ..Question::at(QUESTION.at) };
    assert_eq!(verdict(STATEMENT, &question), Verdict::Proven, "what should be genuine is not proven");
    (statement, question)
});

fuzz_target!(|bytes: &[u8]| {
    let (genuine, question) = &*GENUINE;
    let Ok(statement) = HsmStatement::parse(bytes) else { return };
    let is_proven = verdict(bytes, question) == Verdict::Proven;
    assert_eq!(is_proven, statement == *genuine, "a forgery is proven, or what was signed is not");
});

fn verdict(bytes: &[u8], question: &Question) -> Verdict {
    let mut evidence = Evidence::new();
    evidence.add(bytes).expect("a statement is evidence");
    attest::verify(&evidence, question).verdict
}
