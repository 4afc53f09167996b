use super::*;
use token::lane::{Attributes, TokenReport};

fn key(id: u8, label: &str, flaws: &[Flaw]) -> KeyReport {
    KeyReport {
        id: Some(KeyId([id; 16])),
        label: label.into(),
        spki: Vec::new(),
        kind: None,
        attributes: Attributes::default(),
        flaws: flaws.to_vec(),
        certificate_sha256: None,
    }
}

fn survey(wrapping_key: bool) -> Survey {
    let token = TokenReport { wrapping_key, ..TokenReport::default() };
    Survey { generation: 1, token, keys: Vec::new() }
}

fn knowing(ids: &[u8]) -> Lifecycle {
    let entries: Vec<_> = ids
        .iter()
        .map(|id| {
            let entry = Entry::new(Kind::Lifecycle).connector("de").token("t").state("generating");
            entry.key(KeyId([*id; 16]).to_string())
        })
        .collect();
    Lifecycle::fold((0..).zip(&entries))
}

#[test]
fn only_what_is_named_is_excused() {
    let flaws = [Flaw::NotLocal, Flaw::Copyable];
    let posture = Posture::of(&survey(true), &key(1, "kunci:de", &flaws), &[Flaw::Copyable]);
    assert_eq!(posture.failed, [Flaw::NotLocal, Flaw::WrappingKey]);
    assert_eq!(posture.excused, [Flaw::Copyable]);
    let posture = Posture::of(&survey(false), &key(1, "kunci:de", &flaws), &flaws);
    assert_eq!(posture.failed, []);
}

#[test]
fn doubt_about_which_key_it_is_is_never_excused() {
    let doubts = [Flaw::DuplicateId, Flaw::DuplicatePublic, Flaw::OtherPublic, Flaw::UnknownType];
    let posture = Posture::of(&survey(false), &key(1, "kunci:de", &doubts), &Flaw::ALL);
    assert_eq!(posture.failed, doubts);
}

#[test]
fn a_second_key_of_a_connector_is_doubtful_unless_the_ledger_knows_it() {
    let twice = || [1, 2].map(|id| key(id, "kunci:de", &[Flaw::DuplicateLabel])).to_vec();
    let token: Name = "t".parse().unwrap();
    let judged = |known: &[u8]| {
        let mut keys = twice();
        acquit(&mut keys, &token, &knowing(known));
        keys.iter().map(|key| !key.flaws.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(judged(&[1, 2]), [false, false]);
    assert_eq!(judged(&[1]), [true, false], "the known key is doubtful for the sake of the other");
    assert_eq!(judged(&[]), [true, true]);
}

#[test]
fn ten_thousand_keys_are_looked_at_once_each_before_all_are_judged() {
    let keys: Vec<_> = (0..10_000).map(|_| key(1, "kunci:de", &[Flaw::DuplicateLabel])).collect();
    let mut looks = 0;
    let strangers = Strangers::among(keys.iter().inspect(|_| looks += 1), BTreeSet::new());
    assert!(keys.iter().all(|key| strangers.share_label_with(key)));
    assert_eq!(looks, keys.len());
}

#[tokio::test]
async fn an_exception_is_recorded_once_for_each_key_and_flaw() {
    let exceptions = Exceptions::default();
    let reasons = async |id: u8, flaws: &[Flaw]| {
        let reasons = std::cell::RefCell::new(Vec::new());
        let record = |entry: Entry| {
            reasons.borrow_mut().push(entry.reason.unwrap());
            std::future::ready(Ok::<_, ()>(()))
        };
        let [de, t] = ["de", "t"].map(|name| name.parse::<Name>().unwrap());
        exceptions.record(Some(&de), &t, KeyId([id; 16]), flaws, record).await.unwrap();
        reasons.into_inner()
    };
    assert_eq!(reasons(1, &[Flaw::NotLocal]).await, ["exception not-local"]);
    assert_eq!(reasons(1, &[Flaw::NotLocal, Flaw::Copyable]).await, ["exception copyable"]);
    assert_eq!(reasons(2, &[Flaw::NotLocal]).await, ["exception not-local"]);
}

#[tokio::test]
async fn an_exception_that_the_ledger_refused_is_not_on_record() {
    let exceptions = Exceptions::default();
    let [de, t] = ["de", "t"].map(|name| name.parse::<Name>().unwrap());
    let asked = async |answer: Result<(), ()>| {
        let record = |_| std::future::ready(answer);
        exceptions.record(Some(&de), &t, KeyId([1; 16]), &[Flaw::NotLocal], record).await
    };
    assert_eq!(asked(Err(())).await, Err(()));
    assert_eq!(asked(Err(())).await, Err(()), "it is asked for again");
    assert_eq!(asked(Ok(())).await, Ok(()));
    assert_eq!(asked(Err(())).await, Ok(()), "and then it is on record");
}
