//! Chains as Yubico's devices have them, made here under roots of our own, and what must not pass for one.

use crate::test_certs::{Draft, Signer, armoured, pinned, request};
use crate::tests::{evidence, today};
use crate::yubico::{hsm, piv};
use crate::{Anchor, Certificate, Evidence, Finding, Judgement, Kind, Question, Report, Verdict, verify};

pub(crate) const POLICIES: [u8; 2] = [3, 8];
pub(crate) const OLD_ROOT: &str = "Yubico PIV Root CA Serial 263751";
pub(crate) const NEW_ROOT: &str = "Yubico Attestation Root 1";
pub(crate) const GIVEN_ROOT: &str = "a root of our own";
pub(crate) const GENERATION: &str = "Yubico Attestation Intermediate B 1";

/// A hierarchy of made-up keys: the leaf first, the root last.
pub(crate) struct Hierarchy {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) keys: Vec<Signer>,
}

impl Hierarchy {
    /// Names from the leaf up to the root.
    pub(crate) fn new(names: &[&str]) -> Self {
        let keys: Vec<Signer> = names.iter().map(|_| Signer::p256()).collect();
        let issuer = |at: usize| names[(at + 1).min(names.len() - 1)];
        let draft = |at: usize| {
            let draft = Draft::new(names[at], issuer(at), keys[at].spki());
            if at == 0 { draft } else { draft.ca(None) }
        };
        Self { drafts: (0..names.len()).map(draft).collect(), keys }
    }

    /// Before firmware 5.7.4.
    pub(crate) fn old() -> Self {
        Self::new(&["YubiKey PIV Attestation 9a", "Yubico PIV Attestation", OLD_ROOT]).saying([5, 4, 3])
    }

    /// Since then.
    pub(crate) fn new_generation(product: &str) -> Self {
        let names = ["YubiKey PIV Attestation 9a", "YubiKey PIV Attestation", product, GENERATION, NEW_ROOT];
        Self::new(&names).saying([5, 7, 4])
    }

    /// A PIV leaf's extensions: PIN once, touch cached, in a USB-C nano.
    pub(crate) fn saying(mut self, firmware: [u8; 3]) -> Self {
        let leaf = self.drafts.remove(0);
        let leaf = leaf.yubico([3, 3], &firmware).yubico([3, 7], &[0x02, 0x03, 0x9f, 0x12, 0x34]);
        self.drafts.insert(0, leaf.yubico(POLICIES, &[2, 3]).yubico([3, 9], &[4]));
        self
    }

    pub(crate) fn leaf(mut self, change: impl Fn(Draft) -> Draft) -> Self {
        let leaf = self.drafts.remove(0);
        self.drafts.insert(0, change(leaf));
        self
    }

    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        self.signed(&self.drafts)
    }

    /// Under a root whose name is no maker's, as one that is given must have.
    pub(crate) fn given(&self) -> Vec<Certificate> {
        let mut drafts = self.drafts.clone();
        let last = drafts.len() - 1;
        drafts[last].subject = GIVEN_ROOT.to_owned();
        drafts[last - 1..].iter_mut().for_each(|draft| draft.issuer = GIVEN_ROOT.to_owned());
        self.signed(&drafts)
    }

    fn signed(&self, drafts: &[Draft]) -> Vec<Certificate> {
        let signer = |at: usize| &self.keys[(at + 1).min(self.keys.len() - 1)];
        drafts.iter().enumerate().map(|(at, draft)| draft.sign(signer(at))).collect()
    }

    /// With the root as a pinned anchor.
    pub(crate) fn judge(&self, kind: Kind) -> Judgement {
        let mut all = self.certificates();
        let anchors = [pinned(all.pop().unwrap(), &[Kind::YubikeyPiv, Kind::Yubihsm2])];
        let leaf = all.remove(0);
        match kind {
            Kind::Yubihsm2 => hsm::judge(&leaf, &all, &anchors, &Question::at(today())),
            _ => piv::judge(&leaf, &all, &anchors, &Question::at(today())),
        }
    }

    /// The whole way, with the root given for this question.
    pub(crate) fn ask(&self) -> Report {
        self.ask_for(&[])
    }

    /// The same, where this is required.
    pub(crate) fn ask_for(&self, requirements: &[&str]) -> Report {
        let mut all = self.given();
        let mut question = Question::at(today());
        question.roots = Anchor::given(all.pop().unwrap().der()).unwrap();
        question.requirements = requirements.iter().map(|text| text.parse().unwrap()).collect();
        let files: Vec<&[u8]> = all.iter().map(Certificate::der).collect();
        verify(&evidence(&files), &question)
    }
}

pub(crate) fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn both_hierarchies_prove_a_piv_key() {
    for hierarchy in [Hierarchy::old(), Hierarchy::new_generation("Yubico PIV Attestation B 1")] {
        let judgement = hierarchy.judge(Kind::YubikeyPiv);
        assert_eq!(judgement.verdict, Verdict::Proven, "{:?}", judgement.findings);
        let said = judgement.statement;
        assert_eq!((said.pin_policy, said.touch_policy), (Some("once"), Some("cached")));
        assert_eq!(
            said.serial.as_deref(),
            Some("10424884"),
            "three bytes with the high bit set are a serial number"
        );
        assert_eq!((said.form_factor, said.fips), (Some("USB-C nano"), Some(false)));
    }
}

/// A key whose point lies on no curve, in the place of the attested one: nobody has its private half.
#[test]
fn a_certificate_of_a_point_off_the_curve_is_refused_by_name() {
    let (device, mut off) = (Signer::p256(), Signer::p256().spki());
    *off.last_mut().unwrap() ^= 1;
    let der = Draft::new("YubiKey PIV Attestation 9a", "a device", off).der(&device);
    for file in [der.clone(), armoured("CERTIFICATE", &der)] {
        let refused = Evidence::new().add(&file).unwrap_err().to_string();
        assert_eq!(refused, "its public key is no point on the curve P-256");
    }
}

#[test]
fn only_piv_intermediates_vouch_for_piv_keys() {
    for other in [
        "Yubico FIDO Attestation B 1",
        "Yubico OPGP Attestation B 1",
        "Yubico SD Attestation B 1",
        "YubiHSM Attestation B2 1",
    ] {
        let judgement = Hierarchy::new_generation(other).judge(Kind::YubikeyPiv);
        assert_eq!(
            (judgement.verdict, codes(&judgement.findings)),
            (Verdict::Contradicted, vec!["wrong-path"]),
            "{other}"
        );
        let report = Hierarchy::new_generation(other).ask();
        assert_eq!(report.verdict, Verdict::Contradicted, "{other}, under a root that was given");
    }
}

#[test]
fn each_hierarchy_vouches_for_its_own_firmware_only() {
    let old = Hierarchy::old().leaf(|leaf| leaf.without(&[3, 3]).yubico([3, 3], &[5, 7, 4]));
    let new = Hierarchy::new_generation("Yubico PIV Attestation B 1")
        .leaf(|leaf| leaf.without(&[3, 3]).yubico([3, 3], &[5, 7, 3]));
    for hierarchy in [old, new] {
        assert_eq!(hierarchy.judge(Kind::YubikeyPiv).verdict, Verdict::Contradicted);
    }
}

#[test]
fn a_leaf_is_signed_by_f9_and_by_nobody_else() {
    let direct = Hierarchy::new(&["YubiKey PIV Attestation 9a", OLD_ROOT]).saying([5, 4, 3]);
    assert_eq!(direct.judge(Kind::YubikeyPiv).verdict, Verdict::Contradicted);
    let between = ["YubiKey PIV Attestation 9a", "Yubico PIV Attestation", "A CA", OLD_ROOT];
    assert_eq!(
        Hierarchy::new(&between).saying([5, 4, 3]).judge(Kind::YubikeyPiv).verdict,
        Verdict::Contradicted
    );
}

#[test]
fn a_leaf_that_signed_itself_is_nobodys_word_even_as_a_given_root() {
    let own = Hierarchy::new(&["YubiKey PIV Attestation 9a"]).saying([5, 4, 3]).certificates();
    let mut question = Question::at(today());
    let report = verify(&evidence(&[own[0].der()]), &question);
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Unattested, "untrusted-root"));
    question.roots = Anchor::given(own[0].der()).unwrap();
    assert_ne!(verify(&evidence(&[own[0].der()]), &question).verdict, Verdict::Proven);
}

#[test]
fn an_f9_of_another_device_or_generation_contradicts() {
    let other = Hierarchy::old().given();
    let own = Hierarchy::old().given();
    let question = Question::at(today());
    let anchors = [pinned(own[2].clone(), &[Kind::YubikeyPiv])];
    let judged = piv::judge(&own[0], &other[1..2], &anchors, &question);
    assert_eq!(
        (judged.verdict, codes(&judged.findings)),
        (Verdict::Contradicted, vec!["signature-mismatch"])
    );
    let new = Hierarchy::new_generation("Yubico PIV Attestation B 1").certificates();
    let judged = piv::judge(&new[0], &own[1..2], &anchors, &question);
    assert_eq!((judged.verdict, codes(&judged.findings)), (Verdict::Contradicted, vec!["foreign-device"]));
}

#[test]
fn early_devices_are_forgiven_by_name_and_under_a_given_root_only_with_a_warning() {
    let names =
        ["YubiKey PIV Attestation 9a", "Yubico PIV Attestation", "Yubico U2F Root CA Serial 457200631"];
    let mut early =
        Hierarchy::new(&names).saying([4, 3, 7]).leaf(|leaf| leaf.without(&[3, 7]).without(&[3, 9]));
    early.drafts[1] = early.drafts[1].clone().without(&[0x13]);
    early.drafts[2] = early.drafts[2].clone().without(&[0x13]).ca(Some(0));
    let report = early.ask();
    assert_eq!(report.verdict, Verdict::Proven);
    assert_eq!(
        codes(&report.findings),
        [
            "no-serial",
            "given-root",
            "eucleak",
            "deviation-no-basic-constraints",
            "deviation-anchor-path-length"
        ]
    );
    assert!(report.is_yes() && report.form_factor.is_none() && report.fips.is_none());
}

#[test]
fn no_one_but_f9_is_forgiven() {
    let mut chain = Hierarchy::new_generation("Yubico PIV Attestation B 1");
    chain.drafts[2] = chain.drafts[2].clone().without(&[0x13]);
    let judgement = chain.judge(Kind::YubikeyPiv);
    assert_eq!((judgement.verdict, codes(&judgement.findings)), (Verdict::Contradicted, vec!["not-a-ca"]));
}

#[test]
fn f9_says_which_series_it_is_of() {
    let mut fips = Hierarchy::old().leaf(|leaf| leaf.without(&[3, 9]));
    fips.drafts[1] = fips.drafts[1].clone().yubico([3, 10], &[0x02, 0x01, 0x07]).yubico([3, 3], &[4, 4, 5]);
    let judgement = fips.judge(Kind::YubikeyPiv);
    assert_eq!((judgement.verdict, judgement.statement.fips), (Verdict::Proven, Some(true)));
    assert!(codes(&judgement.findings).contains(&"f9-firmware"), "F9 of a batch differs in firmware");
}

#[test]
fn a_word_that_cannot_be_read_contradicts() {
    let wrong: [fn(Draft) -> Draft; 5] = [
        |leaf| leaf.without(&POLICIES),
        |leaf| leaf.without(&POLICIES).yubico(POLICIES, &[1, 1, 1]),
        |leaf| leaf.without(&[3, 3]).yubico([3, 3], &[5, 4]),
        |leaf| leaf.without(&[3, 7]).yubico([3, 7], &[0x02, 0x05, 1]),
        |leaf| Draft { subject: "YubiKey PIV Attestation f9".to_owned(), ..leaf },
    ];
    for (which, change) in wrong.into_iter().enumerate() {
        let judgement = Hierarchy::old().leaf(change).judge(Kind::YubikeyPiv);
        assert_eq!(judgement.verdict, Verdict::Contradicted, "change {which}");
        assert_eq!(judgement.findings[0].code, "unreadable-extension", "change {which}");
    }
}

#[test]
fn a_policy_that_is_not_known_here_leaves_the_key_unattested() {
    for policies in [[9, 1], [1, 9]] {
        let change = |leaf: Draft| leaf.without(&POLICIES).yubico(POLICIES, &policies);
        let judgement = Hierarchy::old().leaf(change).judge(Kind::YubikeyPiv);
        assert_eq!((judgement.verdict, judgement.findings[0].code), (Verdict::Unattested, "unknown-value"));
        assert!(judgement.root.is_none());
    }
}

/// A request that carries leaf and F9, as yubico-piv-tool and others make it.
fn asked_by(carried: &[([u8; 2], Vec<u8>)], signer: &Signer, root: &Certificate) -> Report {
    let mut question = Question::at(today());
    question.roots = Anchor::given(root.der()).unwrap();
    verify(&evidence(&[&request(signer, carried)]), &question)
}

#[test]
fn a_request_proves_its_key_by_what_it_carries() {
    let chain = Hierarchy::old();
    let [leaf, f9, root] = <[Certificate; 3]>::try_from(chain.given()).unwrap();
    let wrapped = crate::test_certs::tlv(0x04, leaf.der());
    for (arcs, leaf) in [([3, 1], leaf.der().to_vec()), ([3, 11], leaf.der().to_vec()), ([3, 1], wrapped)] {
        let report = asked_by(&[(arcs, leaf), ([3, 2], f9.der().to_vec())], &chain.keys[0], &root);
        assert_eq!(report.verdict, Verdict::Proven, "{:?}", report.findings);
    }
}

#[test]
fn a_request_for_another_key_than_the_attested_one_contradicts() {
    let chain = Hierarchy::old();
    let [leaf, f9, root] = <[Certificate; 3]>::try_from(chain.given()).unwrap();
    let carried = [([3, 1], leaf.der().to_vec()), ([3, 2], f9.der().to_vec())];
    let report = asked_by(&carried, &Signer::p256(), &root);
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Contradicted, "request-key-mismatch"));
}

#[test]
fn a_request_that_carries_nothing_is_unattested_and_one_that_carries_rubbish_is_malformed() {
    let key = Signer::p256();
    let report = verify(&evidence(&[&request(&key, &[])]), &Question::at(today()));
    assert_eq!((report.verdict, report.algorithm.as_deref()), (Verdict::Unattested, Some("EC P-256")));
    let rubbish = request(&key, &[([3, 1], vec![0x30, 0x01])]);
    assert!(crate::Evidence::new().add(&rubbish).is_err());
}

#[test]
fn a_given_root_is_the_givers_and_no_maker_is_named() {
    let report = Hierarchy::old().ask();
    let root = report.root.as_ref().unwrap();
    assert!(report.verdict == Verdict::Proven && root.given && root.name == GIVEN_ROOT, "{report:?}");
    assert_eq!(report.vendor, None);
}

#[test]
fn a_given_root_that_bears_a_pinned_ones_name_contradicts() {
    let mut all = Hierarchy::old().certificates();
    let mut question = Question::at(today());
    question.roots = Anchor::given(all.pop().unwrap().der()).unwrap();
    let files: Vec<&[u8]> = all.iter().map(Certificate::der).collect();
    let report = verify(&evidence(&files), &question);
    assert_eq!((report.verdict, codes(&report.findings)[0]), (Verdict::Contradicted, "lookalike-root"));
    assert!(report.root.is_none() && !report.is_yes());
}

#[test]
fn several_attestations_of_one_key_are_one_answer() {
    let chain = Hierarchy::old();
    let mut all = chain.given();
    // The same key attested again: another certificate by the same device.
    let again = Draft { issuer: all[0].issuer_name(), ..chain.drafts[0].clone() }.sign(&chain.keys[1]);
    let mut question = Question::at(today());
    question.roots = Anchor::given(all.pop().unwrap().der()).unwrap();
    let files: Vec<&[u8]> = all.iter().chain([&again]).map(Certificate::der).collect();
    let report = verify(&evidence(&files), &question);
    assert_eq!(report.verdict, Verdict::Proven, "{report:?}");
    assert!(codes(&report.findings).contains(&"another-attestation") && report.is_yes());
}
