//! Real evidence, whole and damaged. Chains that are made for one purpose are in the tests of the part that they try.

use crate::name::tests::prepared_by;
use crate::samples::{self, HSM_DEVICE, HSM_LEAF, OPENPGP, PIV_F9, PIV_LEAF, ROOTS};
use crate::test_certs::{Draft, Signer};
use crate::{
    Certificate, Evidence, Item, Level, Malformed, Question, Report, Timestamp, Verdict, item, verify,
};

/// While all samples are valid.
pub(crate) fn today() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn evidence(files: &[&[u8]]) -> Evidence {
    let mut evidence = Evidence::new();
    files.iter().for_each(|file| evidence.add(file).unwrap());
    evidence
}

fn ask(names: &[&str]) -> Report {
    let files: Vec<Vec<u8>> = names.iter().map(|name| samples::read(name)).collect();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    verify(&evidence(&files), &Question::at(today()))
}

fn der(name: &str) -> Vec<u8> {
    match item::parse(&samples::read(name)).unwrap().remove(0) {
        Item::Certificate(certificate) => certificate.der().to_vec(),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn a_yubikey_proves_its_key() {
    let report = ask(&[PIV_LEAF, PIV_F9]);
    assert_eq!(report.verdict, Verdict::Proven);
    let json = serde_json::to_value(&report).unwrap();
    let said = |field: &str| json[field].clone();
    for (field, value) in [
        ("kind", "yubikey-piv"),
        ("vendor", "Yubico"),
        ("form_factor", "USB-C keychain"),
        ("serial", "15422467"),
        ("firmware", "5.2.7"),
        ("slot", "9c"),
        ("algorithm", "EC P-256"),
        ("pin_policy", "always"),
        ("touch_policy", "never"),
        ("origin", "generated"),
        ("at", "2026-01-01T00:00:00Z"),
    ] {
        assert_eq!(said(field), value, "{field}");
    }
    assert_eq!((said("fips"), said("exportable")), (false.into(), false.into()));
    assert_eq!(json["root"]["name"], "Yubico PIV Root CA Serial 263751");
    assert!(json.get("label").is_none(), "a YubiKey says nothing of a label");
    assert!(report.is_yes(), "a warning alone is no no");
}

#[test]
fn a_yubihsm_proves_its_key() {
    let json = serde_json::to_value(ask(&[HSM_LEAF, HSM_DEVICE])).unwrap();
    for (field, value) in [
        ("verdict", "proven"),
        ("kind", "yubihsm2"),
        ("serial", "34331133"),
        ("firmware", "2.4.1"),
        ("slot", "0x0003"),
        ("algorithm", "Ed25519"),
        ("origin", "generated"),
        ("label", ""),
    ] {
        assert_eq!(json[field], value, "{field}");
    }
    assert_eq!(json["exportable"], false);
    assert_eq!(json["root"]["name"], "Yubico YubiHSM Root CA");
    assert_eq!(json["findings"][0]["message"], "The key may: sign-eddsa. Its domains: 1.");
}

#[test]
fn order_copies_and_roots_among_the_evidence_change_nothing() {
    let [root, ..] = ROOTS;
    for names in
        [&[PIV_F9, PIV_LEAF][..], &[PIV_LEAF, PIV_F9, PIV_F9, PIV_LEAF, root], &[root, PIV_F9, PIV_LEAF]]
    {
        assert_eq!(ask(names).verdict, Verdict::Proven, "{names:?}");
    }
    let one = [samples::read(PIV_F9), b"a line between\n".to_vec(), samples::read(PIV_LEAF)].concat();
    assert_eq!(verify(&evidence(&[&one]), &Question::at(today())).verdict, Verdict::Proven, "one PEM file");
    let one = [der(PIV_LEAF), der(PIV_F9)].concat();
    assert_eq!(verify(&evidence(&[&one]), &Question::at(today())).verdict, Verdict::Proven, "one DER file");
}

#[test]
fn a_key_whose_device_is_missing_is_unattested() {
    for names in [&[PIV_LEAF][..], &[HSM_LEAF]] {
        let report = ask(names);
        assert_eq!((report.verdict, report.findings[0].code), (Verdict::Unattested, "no-issuer"));
        assert!(report.root.is_none() && !report.is_yes());
    }
}

#[test]
fn what_is_no_attestation_is_unattested() {
    for names in [&[OPENPGP][..], &[PIV_F9], &[HSM_DEVICE], &[ROOTS[0]]] {
        let report = ask(names);
        assert_eq!(
            (report.verdict, report.findings[0].code),
            (Verdict::Unattested, "no-attestation"),
            "{names:?}"
        );
        assert!(report.kind.is_none() && report.algorithm.is_some(), "{names:?}");
    }
}

#[test]
fn evidence_of_two_keys_needs_a_key_to_ask_for() {
    let names = [PIV_LEAF, PIV_F9, HSM_LEAF, HSM_DEVICE];
    let report = ask(&names);
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Unattested, "more-than-one-key"));
    let files = names.map(samples::read);
    let mut question = Question::at(today());
    question.key = Some(Certificate::from_der(&der(HSM_LEAF)).unwrap().key().clone());
    let report = verify(&evidence(&files.each_ref().map(Vec::as_slice)), &question);
    assert_eq!((report.verdict, report.serial.as_deref()), (Verdict::Proven, Some("34331133")));
}

#[test]
fn a_key_that_none_of_several_is_contradicts() {
    let files = [PIV_LEAF, PIV_F9, HSM_LEAF, HSM_DEVICE].map(samples::read);
    let mut question = Question::at(today());
    question.key = Some(Certificate::from_der(&der(PIV_F9)).unwrap().key().clone());
    let report = verify(&evidence(&files.each_ref().map(Vec::as_slice)), &question);
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Contradicted, "key-mismatch"));
}

#[test]
fn a_bare_public_key_is_unattested_and_must_be_the_attested_one_beside_a_leaf() {
    let key = |name: &str| Certificate::from_der(&der(name)).unwrap().key().spki().to_vec();
    let alone = verify(&evidence(&[&key(PIV_LEAF)]), &Question::at(today()));
    assert_eq!((alone.verdict, alone.algorithm.as_deref()), (Verdict::Unattested, Some("EC P-256")));
    let beside = |key: &[u8]| {
        let files = [samples::read(PIV_LEAF), samples::read(PIV_F9), key.to_vec()];
        verify(&evidence(&files.each_ref().map(Vec::as_slice)), &Question::at(today())).verdict
    };
    assert_eq!(beside(&key(PIV_LEAF)), Verdict::Proven);
    assert_eq!(beside(&key(PIV_F9)), Verdict::Contradicted);
}

#[test]
fn a_chain_holds_only_while_it_is_valid() {
    let files = [PIV_LEAF, PIV_F9].map(samples::read);
    for (time, code) in [("2015-01-01T00:00:00Z", "not-yet-valid"), ("2053-01-01T00:00:00Z", "expired")] {
        let report =
            verify(&evidence(&files.each_ref().map(Vec::as_slice)), &Question::at(time.parse().unwrap()));
        assert_eq!((report.verdict, report.findings[0].code), (Verdict::Unattested, code));
    }
}

#[test]
fn no_changed_byte_of_a_chain_stays_proven() {
    let [piv_root, _, hsm_root, sub_ca] = ROOTS;
    for chain in [&[PIV_LEAF, PIV_F9, piv_root][..], &[HSM_LEAF, HSM_DEVICE, sub_ca, hsm_root]] {
        let files: Vec<Vec<u8>> = chain.iter().map(|name| der(name)).collect();
        for (which, file) in files.iter().enumerate() {
            for at in 0..file.len() {
                let mut damaged = files.clone();
                damaged[which][at] ^= 1 << (at % 8);
                assert_ne!(verdict(&damaged), Verdict::Proven, "{} at byte {at}", chain[which]);
            }
        }
    }
}

#[test]
fn no_shortened_or_lengthened_chain_stays_proven() {
    let files = [der(PIV_LEAF), der(PIV_F9)];
    for which in 0..files.len() {
        for length in (0..files[which].len()).step_by(7) {
            let mut cut = files.to_vec();
            cut[which].truncate(length);
            assert_ne!(verdict(&cut), Verdict::Proven, "file {which} cut at {length}");
        }
        for more in [&[0x01][..], &[0x00, 0xff], &[0x30, 0x00]] {
            let mut longer = files.to_vec();
            longer[which].extend(more);
            assert_eq!(verdict(&longer), Verdict::Malformed, "file {which} and {more:?}");
        }
    }
}

#[test]
fn a_certificate_filled_up_as_in_a_tpms_memory_is_read_whichever_way_it_comes() {
    for filling in [0x00, 0xff] {
        let filled = [der(PIV_LEAF), vec![filling; 40]].concat();
        assert_eq!(verdict(&[filled.clone(), der(PIV_F9)]), Verdict::Proven);
        assert_eq!(
            verdict(&[crate::test_certs::armoured("CERTIFICATE", &filled), der(PIV_F9)]),
            Verdict::Proven
        );
        let both = [der(PIV_F9), der(PIV_LEAF), vec![filling; 40]].concat();
        assert_eq!(verdict(&[both]), Verdict::Proven);
        // As `attest challenge` and --key read it, with the digest of what is certified.
        assert_eq!(crate::key(&filled).unwrap(), crate::key(&der(PIV_LEAF)).unwrap());
        let read = Certificate::from_der(&filled).unwrap();
        assert_eq!(read.sha256(), Certificate::from_der(&der(PIV_LEAF)).unwrap().sha256());
    }
}

/// Evidence that does not parse is malformed, as in `Report::malformed`.
fn verdict(files: &[Vec<u8>]) -> Verdict {
    let mut evidence = Evidence::new();
    match files.iter().try_for_each(|file| evidence.add(file)) {
        Ok(()) => verify(&evidence, &Question::at(today())).verdict,
        Err(why) => Report::malformed(&why, &Question::at(today())).verdict,
    }
}

#[test]
fn findings_begin_with_the_errors() {
    let mut question = Question::at(today());
    question.serial = Some("1".to_owned());
    let files = [PIV_LEAF, PIV_F9].map(samples::read);
    let report = verify(&evidence(&files.each_ref().map(Vec::as_slice)), &question);
    let levels: Vec<Level> = report.findings.iter().map(|finding| finding.level).collect();
    assert!(levels.is_sorted() && levels[0] == Level::Error, "{levels:?}");
}

#[test]
fn too_many_certificates_are_refused_before_they_are_searched() {
    let mut evidence = Evidence::new();
    let leaf = samples::read(PIV_LEAF);
    let result = (0..=crate::MAX_CERTIFICATES).try_for_each(|_| evidence.add(&leaf));
    assert_eq!(result, Err(Malformed::TooLarge(crate::Limit::Certificates)));
}

#[test]
fn evidence_of_several_keys_is_judged_key_by_key() {
    let files = [PIV_LEAF, PIV_F9, HSM_LEAF, HSM_DEVICE].map(samples::read);
    let all = evidence(&files.each_ref().map(Vec::as_slice));
    let judged = |all: &Evidence| match crate::answer(all, &Question::at(today())).unwrap() {
        crate::Outcome::Keys(report) => report,
        other => panic!("{other:?}"),
    };
    let report = judged(&all);
    assert!(report.is_yes() && report.verdict == Verdict::Proven && report.findings.is_empty(), "{report:?}");
    let serials: Vec<_> = report.keys.iter().map(|key| key.serial.as_deref()).collect();
    assert_eq!(serials, [Some("15422467"), Some("34331133")]);
    // One of them without its device: the other is as good as before, and the answer is no.
    let report = judged(&evidence(&[&files[0], &files[2], &files[3]]));
    let verdicts: Vec<_> = report.keys.iter().map(|key| key.verdict).collect();
    assert_eq!((report.verdict, verdicts), (Verdict::Unattested, vec![Verdict::Unattested, Verdict::Proven]));
    assert!(!report.is_yes());
}

#[test]
fn a_named_key_that_nothing_attests_is_not_lost_among_several() {
    let files = [PIV_LEAF, PIV_F9, HSM_LEAF, HSM_DEVICE].map(samples::read);
    let mut all = evidence(&files.each_ref().map(Vec::as_slice));
    for name in [PIV_F9, PIV_LEAF] {
        all.add(Certificate::from_der(&der(name)).unwrap().key().spki()).unwrap();
    }
    let outcome = crate::answer(&all, &Question::at(today())).unwrap();
    let crate::Outcome::Keys(report) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((outcome.is_yes(), report.findings[0].code), (false, "no-attestation"));
}

/// Whoever made the evidence names a key with a request, or bare; only whoever asks chooses one.
#[test]
fn a_key_that_the_evidence_names_leaves_no_other_unjudged() {
    let files = [PIV_LEAF, PIV_F9, HSM_LEAF].map(samples::read);
    let mut all = evidence(&files.each_ref().map(Vec::as_slice));
    all.add(Certificate::from_der(&der(PIV_LEAF)).unwrap().key().spki()).unwrap();
    let outcome = crate::answer(&all, &Question::at(today())).unwrap();
    let crate::Outcome::Keys(report) = &outcome else { panic!("{outcome:?}") };
    let verdicts: Vec<_> = report.keys.iter().map(|key| key.verdict).collect();
    assert_eq!((outcome.is_yes(), verdicts), (false, vec![Verdict::Proven, Verdict::Unattested]));
    let question = Question { key: Some(crate::key(&der(PIV_LEAF)).unwrap()), ..Question::at(today()) };
    assert!(crate::answer(&all, &question).unwrap().is_yes(), "that one alone was asked about");
}

#[test]
fn the_json_says_whether_the_answer_is_yes() {
    let files = [PIV_LEAF, PIV_F9].map(samples::read);
    let all = evidence(&files.each_ref().map(Vec::as_slice));
    let accepted = |question: &Question| {
        let outcome = crate::answer(&all, question).unwrap();
        let json: serde_json::Value = serde_json::to_value(&outcome).unwrap();
        assert_eq!(json["accepted"], outcome.is_yes());
        (outcome.is_yes(), json["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(accepted(&Question::at(today())), (true, "proven".to_owned()));
    let serial = Question { serial: Some("7".to_owned()), ..Question::at(today()) };
    assert_eq!(accepted(&serial), (false, "proven".to_owned()));
}

#[test]
fn a_certificate_that_has_no_part_in_it_is_told_and_changes_nothing() {
    let [_, _, hsm_root, _] = ROOTS;
    let report = ask(&[PIV_LEAF, PIV_F9, OPENPGP, hsm_root]);
    let told: Vec<_> = report.findings.iter().filter(|one| one.code == "unrelated-certificate").collect();
    assert_eq!((report.verdict, told.len(), told[0].level), (Verdict::Proven, 1, Level::Info), "{report:?}");
}

#[test]
fn a_root_that_is_none_is_told_so() {
    let files = [PIV_LEAF, PIV_F9].map(samples::read);
    let mut question = Question::at(today());
    question.roots = crate::Anchor::given(&der(PIV_F9)).unwrap();
    let report = verify(&evidence(&files.each_ref().map(Vec::as_slice)), &question);
    assert!(report.findings.iter().any(|one| one.code == "not-a-root"), "{report:?}");
}

/// Who gives evidence chooses how long its names are, and how many bear them.
#[test]
fn a_name_is_prepared_once_however_often_it_is_compared() {
    let signer = Signer::p256();
    let same = |_| Draft::new("a name", "a name", signer.spki()).sign(&signer).der().to_vec();
    let mut files = vec![der(PIV_LEAF), der(PIV_F9)];
    files.extend((0..60).map(same));
    let mut question = Question::at(today());
    question.roots = crate::Anchor::given(&same(0)).unwrap();
    let mut all = Evidence::new();
    assert_eq!(prepared_by(|| files.iter().for_each(|file| all.add(file).unwrap())), 2 * files.len());
    assert_eq!(prepared_by(|| drop(verify(&all, &question))), 0);
}
