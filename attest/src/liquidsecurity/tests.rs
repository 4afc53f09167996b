//! Statements and chains as an HSM and its owner have them, made here, and what must not pass for one.

use std::io::Write;
use std::sync::OnceLock;

use super::{MAX_STATEMENT_BYTES, NotAStatement, Statement, judge};
use crate::test_certs::{Draft, Signer, pinned};
use crate::{Anchor, Certificate, Evidence, Judgement, Kind, Question, Report, Sha256, verify};

mod chains;
mod damage;
mod seeds;
mod words;

pub(super) const ROOT: &str = "a maker's root";
pub(super) const CARD: &str = "HSM:5.2TEST-0001, for FIPS mode";
pub(super) const PARTITION: &str = "HSM:5.2TEST-0001:PARTN:1, for FIPS mode";
pub(super) const OWNER: &str = "an owner's root";

/// An object's attributes: numbers and values.
pub(super) type Object = Vec<(u32, Vec<u8>)>;

/// The keys of an HSM, of its maker and its owner; the partition's is RSA, as all are.
pub(super) struct Hsm {
    pub(super) root: Signer,
    pub(super) card: Signer,
    pub(super) owner: Signer,
    /// The attested key.
    pub(super) key: Signer,
    pub(super) drafts: Vec<Draft>,
    certificates: OnceLock<Vec<Certificate>>,
}

impl Hsm {
    /// The maker's root, card and partition; the owner's root, and the partition again.
    pub(super) fn new() -> Self {
        let [root, card, owner, key] = [(); 4].map(|()| Signer::p256());
        let partition = || Signer::rsa().spki();
        let drafts = vec![
            Draft::new(ROOT, ROOT, root.spki()),
            Draft::new(CARD, ROOT, card.spki()),
            Draft::new(PARTITION, CARD, partition()),
            Draft::new(OWNER, OWNER, owner.spki()).ca(None),
            Draft::new(PARTITION, OWNER, partition()),
        ];
        Self { root, card, owner, key, drafts, certificates: OnceLock::new() }
    }

    /// Signed by whom their drafts name, once: a signature is another each time.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let signer = |draft: &Draft| match draft.issuer.as_str() {
            ROOT => &self.root,
            CARD => &self.card,
            OWNER => &self.owner,
            _ => Signer::rsa(),
        };
        let sign = || self.drafts.iter().map(|draft| draft.sign(signer(draft))).collect();
        self.certificates.get_or_init(sign).clone()
    }

    pub(super) fn draft(mut self, at: usize, change: impl Fn(Draft) -> Draft) -> Self {
        self.drafts[at] = change(self.drafts[at].clone());
        self
    }

    /// The private key's attributes, as a good HSM has them; the public key's differ in class only, for our purpose.
    pub(super) fn object(&self, class: u8) -> Object {
        let spki = self.key.spki();
        let point = spki[spki.len() - 65..].to_vec();
        let flags =
            [(0x103, 1), (0x105, 0), (0x107, 0), (0x108, 1), (0x10c, 0), (0x162, 0), (0x163, 1), (0x164, 1)];
        let flags = flags.into_iter().chain([(0x165, 1)]).map(|(number, value)| (number, vec![value]));
        let rest = [
            (0x0, vec![class]),
            (0x3, [b"a key".as_slice(), &[0; 27]].concat()),
            (0x100, vec![3]),
            (0x102, b"0123".to_vec()),
            (0x120, point),
            (0x121, 415_u32.to_be_bytes().to_vec()),
            (0x1003, Sha256::of(&spki).0.to_vec()),
            (0x8000_0003, vec![0]),
        ];
        rest.into_iter().chain(flags).collect()
    }

    pub(super) fn statement(&self) -> Vec<u8> {
        signed(&[self.object(2), self.object(3)])
    }

    /// With the maker's and the owner's roots pinned.
    pub(super) fn judge(&self) -> Judgement {
        let pool = self.certificates();
        let anchors = [pinned(pool[0].clone(), &[Kind::LiquidSecurity]), Anchor::owner(pool[3].clone())];
        judge(
            &Statement::parse(&self.statement()).unwrap(),
            &pool,
            &anchors,
            &Question::at(crate::tests::today()),
        )
    }

    /// The whole way, with both roots given.
    pub(super) fn ask(&self, statement: &[u8]) -> Report {
        let certificates = self.certificates();
        ask(&[statement], &certificates, &self.question())
    }

    pub(super) fn question(&self) -> Question {
        let certificates = self.certificates();
        let given = |at: usize| Anchor::given(certificates[at].der()).unwrap();
        Question { roots: [given(0), given(3)].concat(), ..Question::at(crate::tests::today()) }
    }
}

pub(super) fn ask(statements: &[&[u8]], certificates: &[Certificate], question: &Question) -> Report {
    let mut evidence = Evidence::new();
    statements.iter().for_each(|statement| evidence.add(statement).unwrap());
    certificates.iter().for_each(|one| evidence.add_intermediates(one.der()).unwrap());
    verify(&evidence, question)
}

/// A statement of these objects, signed by the partition.
pub(super) fn signed(objects: &[Object]) -> Vec<u8> {
    let objects: Vec<Vec<u8>> = objects.iter().map(encoded).collect();
    let second = if objects.len() > 1 { 8 + objects[0].len() as u16 } else { 0 };
    let header: Vec<u8> = [1, 3, 8, second].iter().flat_map(|word: &u16| word.to_be_bytes()).collect();
    let block = [header, objects.concat()].concat();
    let sizes = [0, 3, 32 + block.len() as u32 + 256, block.len() as u32, 0, 7, 0, 8];
    let response: Vec<u8> = sizes.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
    let body = [response, block].concat();
    let signature = Signer::rsa().sign(&body);
    [body, signature].concat()
}

fn encoded(object: &Object) -> Vec<u8> {
    let one = |(number, value): &(u32, Vec<u8>)| {
        [&number.to_be_bytes()[..], &(value.len() as u32).to_be_bytes(), value].concat()
    };
    let attributes: Vec<u8> = object.iter().flat_map(one).collect();
    let header = [7, object.len() as u32, attributes.len() as u32];
    header.iter().flat_map(|word| word.to_be_bytes()).chain(attributes).collect()
}

pub(super) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_file_is_a_statement_bare_or_in_gzip() {
    let hsm = Hsm::new();
    let bare = hsm.statement();
    assert_eq!(Statement::parse(&bare), Statement::parse(&gzipped(&bare)));
    assert_eq!(hsm.ask(&gzipped(&bare)), hsm.ask(&bare));
}

#[test]
fn a_gzip_is_one_member_whole_and_sound() {
    let packed = gzipped(&Hsm::new().statement());
    for spoilt in
        [[&packed[..], &[0]].concat(), [&packed[..], &packed].concat(), packed[..packed.len() - 1].to_vec()]
    {
        assert_eq!(Statement::parse(&spoilt), Err(NotAStatement::Gzip));
    }
    let mut checksum = packed.clone();
    checksum[packed.len() - 8] ^= 1;
    assert_eq!(Statement::parse(&checksum), Err(NotAStatement::Gzip));
}

#[test]
fn a_gzip_bomb_is_unpacked_to_the_limit_only() {
    let mut bomb = gzipped(&vec![0; 4 << 20]);
    // Whoever unpacks all of it sees that its checksum is wrong.
    let checksum = bomb.len() - 8;
    bomb[checksum] ^= 1;
    assert!(bomb.len() < 1 << 20);
    assert_eq!(Statement::parse(&bomb), Err(NotAStatement::TooLarge));
    assert_eq!(
        Statement::parse(&[super::layout::BEGIN, &vec![0; MAX_STATEMENT_BYTES]].concat()),
        Err(NotAStatement::TooLarge)
    );
}
