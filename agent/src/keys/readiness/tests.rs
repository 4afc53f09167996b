use std::time::Duration;

use hsm_config::Algorithm;
use ledger::{Entry, Kind};
use proptest::prelude::*;
use token::lane::{Attributes, KeyReport, TokenReport};
use token::message::MAX_VALIDITY_DAYS;
use token::{KeyId, PublicKey, Sha256};

use super::*;
use crate::keys::lifecycle::Lifecycle;
use crate::tokens::Survey;

const DAY: i64 = 86_400;
/// Public keys of nobody's.
const RSA_2048: &[u8] = include_bytes!("../../../../fuzz/keys/rsa-2048.spki");
const P_256: &[u8] = include_bytes!("../../../../fuzz/keys/p-256.spki");

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn connector(key: &str, algorithm: &str) -> Connector {
    let written = serde_json::json!({
        "region": "Germany", "tokens": ["t"], "key": key, "algorithm": algorithm, "tenants": "de.csv"
    });
    serde_json::from_value(written).unwrap()
}

fn judged(
    standing: Result<KeyType, &Reason>,
    dates: Option<Dates>,
    failing: Option<&str>,
    now: i64,
) -> Vec<Reason> {
    let (name, token, connector) = (name("de"), name("t"), connector("rsa-2048", "PS256"));
    Key { name: &name, token: &token, connector: &connector, standing, dates, failing }.judge(now)
}

fn codes(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(Reason::code).collect()
}

#[test]
fn each_date_has_its_word_on_each_side_of_it() {
    let dates = Dates { not_before: 1000 * DAY, not_after: 1180 * DAY };
    for (now, code) in [
        (1000 * DAY - 1, "certificate-not-yet-valid"),
        (1000 * DAY, ""),
        (1090 * DAY, ""),
        (1090 * DAY + 1, "certificate-ends-90"),
        (1150 * DAY, "certificate-ends-90"),
        (1150 * DAY + 1, "certificate-ends-30"),
        (1173 * DAY + 1, "certificate-ends-7"),
        (1180 * DAY, "certificate-ends-7"),
        (1180 * DAY + 1, "certificate-expired"),
        (i64::MAX, "certificate-expired"),
        (i64::MIN, "certificate-not-yet-valid"),
    ] {
        let reasons = judged(Ok(KeyType::Rsa2048), Some(dates), None, now);
        assert_eq!(codes(&reasons).concat(), code, "at {now}");
        assert_eq!(serves(&reasons), dates.hold(now), "at {now}");
    }
}

#[test]
fn what_weighs_most_comes_first_and_only_notes_let_a_sign_in_succeed() {
    let ending = Dates { not_before: 0, not_after: 20 * DAY };
    let noted = judged(Ok(KeyType::Rsa4096), Some(ending), None, DAY);
    assert_eq!(codes(&noted), ["certificate-ends-30", "key-size"]);
    assert!(serves(&noted));
    let failing = judged(Ok(KeyType::Rsa4096), Some(ending), Some("DeviceError"), DAY);
    assert_eq!(codes(&failing), ["token-failing", "certificate-ends-30", "key-size"]);
    assert!(!serves(&failing));
    // What became of a token that is away is its host's to tell, and dates pass without it.
    let away = Reason::TokenAway(name("t"));
    let blocked = judged(Err(&away), Some(ending), Some("DeviceError"), 21 * DAY);
    assert_eq!(codes(&blocked), ["token-unavailable", "certificate-expired"]);
    assert!(!serves(&blocked));
    assert!(serves(&judged(Ok(KeyType::Rsa2048), None, None, 0)));
}

#[test]
fn a_token_blocks_unless_its_host_is_ready_and_fails_until_it_signs_again() {
    let (name, ready) = (name("t"), HostState::Ready { serial: "1".into() });
    let judge = |host, failing| Token { name: &name, host, failing }.judge().map(|reason| reason.code());
    assert_eq!(judge(Some(&ready), None), None);
    assert_eq!(judge(Some(&ready), Some("DeviceError")), Some("token-failing"));
    for host in [None, Some(&HostState::Starting), Some(&HostState::Locked)] {
        assert_eq!(judge(host, Some("DeviceError")), Some("token-unavailable"));
    }
}

#[test]
fn what_concerns_the_agent_concerns_every_connector() {
    assert!(Agent::default().judge().is_empty());
    let all = Agent { clock_stepped: true, ledger_fails: true, log_is_new: true }.judge();
    assert_eq!(codes(&all), ["log-lost", "clock-step", "ledger-unavailable"]);
    assert!(all.iter().all(|reason| reason.weight() == Weight::Blocks));
}

#[test]
fn checkpoints_are_late_only_with_a_key_that_may_sign_and_stand_in_no_sign_ins_way_alone() {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let late = Checkpoint {
        origin: "vendor.example/kunci",
        has_key: true,
        is_known: true,
        age: minutes(16),
        bound: minutes(15),
        failing: Some("its token is away"),
    };
    let code = |checkpoint: Checkpoint<'_>| checkpoint.judge().map(|reason| (reason.code(), reason.weight()));
    assert_eq!(code(late), Some(("checkpoint-stale", Weight::Fails)));
    assert!(late.judge().unwrap().to_string().contains("its token is away"));
    assert_eq!(code(Checkpoint { age: minutes(15), ..late }), None);
    assert_eq!(code(Checkpoint { is_known: false, ..late }), Some(("checkpoint-state-lost", Weight::Fails)));
    assert_eq!(code(Checkpoint { has_key: false, ..late }), Some(("ledger-key-missing", Weight::Notes)));
}

proptest! {
    #[test]
    fn dates_fail_exactly_where_they_do_not_hold(
        not_before in 0..4_000 * DAY, length in 0..2_000 * DAY, now in -1..6_001 * DAY,
    ) {
        let dates = Dates { not_before, not_after: not_before + length };
        let found = dates.judge(&name("de"), now);
        let fails = found.as_ref().is_some_and(|reason| reason.weight() == Weight::Fails);
        prop_assert_eq!(fails, !dates.hold(now));
        prop_assert_eq!(found.is_none(), dates.hold(now) && dates.not_after - now >= 90 * DAY);
    }

    #[test]
    fn reasons_are_sorted_and_none_is_told_twice(
        kind in prop_oneof![Just(KeyType::Rsa2048), Just(KeyType::Rsa4096)],
        not_after in 0..400 * DAY, failing in any::<bool>(), away in any::<bool>(), now in 0..400 * DAY,
    ) {
        let gone = Reason::TokenAway(name("t"));
        let standing = if away { Err(&gone) } else { Ok(kind) };
        let dates = Dates { not_before: 0, not_after };
        let reasons = judged(standing, Some(dates), failing.then_some("no"), now);
        prop_assert!(reasons.is_sorted_by_key(|reason| std::cmp::Reverse(reason.weight())));
        let mut found = codes(&reasons);
        found.sort_unstable();
        found.dedup();
        prop_assert_eq!(found.len(), reasons.len());
        prop_assert_eq!(serves(&reasons), !away && !failing && dates.hold(now));
    }

    #[test]
    fn dates_are_read_as_they_were_written(
        not_before in 0..200_000 * DAY, length in 1..=i64::from(MAX_VALIDITY_DAYS) * DAY,
    ) {
        let written = certificate(not_before, not_before + length);
        prop_assert_eq!(Dates::of(&written), Some(Dates { not_before, not_after: not_before + length }));
    }
}

#[test]
fn what_is_no_certificate_has_no_dates() {
    assert_eq!(Dates::of(b"no certificate"), None);
    let whole = certificate(0, DAY);
    assert_eq!(Dates::of(&whole[..whole.len() - 1]), None);
    let dates = Dates::of(&whole).unwrap();
    assert_eq!(
        (dates.begins(), dates.ends()),
        ("1970-01-01T00:00:00Z".into(), "1970-01-02T00:00:00Z".into())
    );
}

/// A certificate with these dates, whose signature nobody looks at.
fn certificate(not_before: i64, not_after: i64) -> Vec<u8> {
    let fields = token::message::Certificate {
        common_name: "Germany (de)".into(),
        serial: [1; 16],
        not_before,
        not_after,
    };
    fields.finish(&PublicKey::from_spki(P_256).unwrap(), &[1; 64]).unwrap()
}

fn survey(keys: &[(u8, &str, &[u8])]) -> Survey {
    let report = |(id, label, spki): &(u8, &str, &[u8])| KeyReport {
        id: Some(KeyId([*id; 16])),
        label: (*label).into(),
        spki: spki.to_vec(),
        kind: None,
        attributes: Attributes::default(),
        flaws: Vec::new(),
        certificate_sha256: None,
    };
    Survey { generation: 1, token: TokenReport::default(), keys: keys.iter().map(report).collect() }
}

fn entry(state: &str, id: u8) -> Entry {
    Entry::new(Kind::Lifecycle).connector("de").token("t").key(KeyId([id; 16]).to_string()).state(state)
}

fn lifecycle(entries: &[Entry]) -> Lifecycle {
    Lifecycle::fold((0..).zip(entries))
}

#[test]
fn a_key_that_cannot_make_the_algorithm_blocks_and_one_of_another_size_does_not() {
    let judge = |spki: &[u8], key: &str, algorithm: &str| {
        let known = lifecycle(&[entry("generated", 7).spki_sha256(Sha256::of(spki).to_string())]);
        let (name, connector, token) = (name("de"), connector(key, algorithm), name("t"));
        let policy = KeyPolicy { allow_software: false, exceptions: Vec::new() };
        let found = survey(&[(7, "kunci:de", spki)]);
        let eligible =
            pinned((&name, &connector), &token, known.current("de", "t").unwrap(), &found, &policy);
        let standing = eligible.as_ref().map(|eligible| eligible.key.public.kind());
        let known =
            Key { name: &name, token: &token, connector: &connector, standing, dates: None, failing: None };
        codes(&known.judge(0)).concat()
    };
    for algorithm in ["PS256", "RS256"] {
        assert_eq!(judge(RSA_2048, "rsa-2048", algorithm), "");
        assert_eq!(judge(RSA_2048, "rsa-3072", algorithm), "key-size");
        assert_eq!(judge(RSA_2048, "rsa-4096", algorithm), "key-size");
        assert_eq!(judge(P_256, "rsa-2048", algorithm), "key-kind");
    }
    assert_eq!(judge(RSA_2048, "p-256", "ES256"), "key-kind");
    assert_eq!(judge(P_256, "p-256", "ES256"), "");
}

#[test]
fn every_kind_of_key_makes_what_it_makes() {
    let rsa = [KeyType::Rsa2048, KeyType::Rsa3072, KeyType::Rsa4096];
    for kind in rsa {
        assert!(
            kind.makes(Algorithm::PS256) && kind.makes(Algorithm::RS256) && !kind.makes(Algorithm::ES256)
        );
    }
    let p256 = KeyType::P256;
    assert!(p256.makes(Algorithm::ES256) && !p256.makes(Algorithm::PS256) && !p256.makes(Algorithm::RS256));
}

#[test]
fn a_connector_without_a_pinned_key_was_never_provisioned_or_its_log_is_lost() {
    let why = |keys: &[(u8, &str, &[u8])], entries: &[Entry], kept| {
        unpinned(&name("de"), &name("t"), &survey(keys), &lifecycle(entries), kept).code()
    };
    assert_eq!(why(&[], &[], false), "unprovisioned");
    assert_eq!(why(&[(7, "kunci:de", RSA_2048)], &[], false), "orphaned-key");
    assert_eq!(why(&[(7, "kunci:de", RSA_2048)], &[], true), "orphaned-key");
    assert_eq!(why(&[(7, "kunci:uk", RSA_2048)], &[], false), "unprovisioned");
    assert_eq!(why(&[], &[], true), "log-lost");
    // A kill left it behind, and the log knows.
    assert_eq!(why(&[(7, "kunci:de", RSA_2048)], &[entry("generating", 7)], false), "unprovisioned");
    assert_eq!(why(&[], &[entry("generating", 7)], true), "unprovisioned");
    assert_eq!(why(&[(8, "kunci:de", RSA_2048)], &[entry("generating", 7)], false), "orphaned-key");
}
