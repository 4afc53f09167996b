use super::*;
use hsm_config::PinIdentity;
use proptest::prelude::*;
use std::collections::HashMap;

const AT: &str = "2026-01-01T00:00:00Z";

fn token() -> Name {
    "frankfurt".parse().unwrap()
}

fn file(inode: u64) -> PinOrigin {
    changed(inode, 7)
}

/// A file that was changed at this time.
fn changed(inode: u64, mtime_ns: i64) -> PinOrigin {
    PinOrigin::Source(PinIdentity { device: 1, inode, mtime_ns })
}

fn refused() -> LoginOutcome {
    LoginOutcome::Refused("CKR_PIN_INCORRECT".into())
}

fn not_judged() -> LoginOutcome {
    LoginOutcome::NotJudged("CKR_TOKEN_NOT_PRESENT".into())
}

fn not_given() -> LoginOutcome {
    LoginOutcome::NotGiven("the host leaves".into())
}

fn unclear() -> LoginOutcome {
    LoginOutcome::Unclear("CKR_DEVICE_ERROR".into())
}

/// The record of a login that began.
fn began(latch: &Latch, source: &PinOrigin) -> Latch {
    match latch.decide(source, AT) {
        Decision::LogIn(latch) => *latch,
        Decision::Latched(why) => panic!("latched: {why}"),
    }
}

fn is_latched(latch: &Latch, source: &PinOrigin) -> bool {
    matches!(latch.decide(source, AT), Decision::Latched(_))
}

fn accepted(source: &PinOrigin) -> Latch {
    began(&Latch::new("1", &token()), source).judged(&LoginOutcome::Accepted, AT)
}

#[test]
fn a_refused_pin_latches_whatever_the_source() {
    let latch = began(&Latch::new("1", &token()), &file(1)).judged(&refused(), AT);
    assert!(
        is_latched(&latch, &file(1))
            && is_latched(&latch, &file(2))
            && is_latched(&latch, &PinOrigin::Prompt)
    );
}

#[test]
fn an_accepted_pin_may_be_used_again_and_again() {
    let latch = accepted(&file(1));
    let latch = began(&latch, &file(1)).judged(&LoginOutcome::Accepted, AT);
    let _ = began(&latch, &file(2));
}

#[test]
fn a_left_over_attempt_of_a_source_never_accepted_latches() {
    assert!(is_latched(&began(&Latch::new("1", &token()), &file(1)), &file(1)));
    assert!(is_latched(&began(&accepted(&file(1)), &file(2)), &file(2)));
    assert!(is_latched(&began(&accepted(&file(1)), &file(2)), &file(1)));
}

#[test]
fn a_left_over_attempt_of_an_accepted_source_is_retried_once() {
    let left = began(&accepted(&file(1)), &file(1));
    let again = began(&left, &file(1));
    assert!(is_latched(&again, &file(1)));
    assert!(!is_latched(&again.judged(&LoginOutcome::Accepted, AT), &file(1)));
}

#[test]
fn a_retry_is_no_ones_but_the_left_over_attempts_source() {
    assert!(is_latched(&began(&accepted(&file(1)), &file(1)), &file(2)));
}

#[test]
fn a_retry_that_is_refused_latches() {
    let again = began(&began(&accepted(&file(1)), &file(1)), &file(1));
    assert!(is_latched(&again.judged(&refused(), AT), &file(1)));
}

/// The record after so many logins that were not judged.
fn unjudged(latch: Latch, source: &PinOrigin, times: u8) -> Latch {
    (0..times).fold(latch, |latch, _| began(&latch, source).judged(&not_judged(), AT))
}

#[test]
fn an_accepted_pin_that_is_not_judged_leaves_all_as_before() {
    let known = accepted(&file(1));
    assert_eq!(unjudged(known.clone(), &file(1), 2 * MAX_UNJUDGED), known);
    let left = began(&accepted(&file(1)), &file(1));
    assert_eq!(began(&left, &file(1)).judged(&not_judged(), AT), left);
}

#[test]
fn a_pin_never_accepted_and_not_judged_three_times_latches_whatever_comes_next() {
    let officer = PinOrigin::Officer(PinIdentity { device: 1, inode: 1, mtime_ns: 7 });
    for source in [file(1), officer, PinOrigin::Prompt] {
        for before in [Latch::new("1", &token()), accepted(&file(9))] {
            let latch = unjudged(before, &source, MAX_UNJUDGED - 1);
            let latch = began(&latch, &source).judged(&not_judged(), AT);
            assert!([source.clone(), file(2), file(9)].iter().all(|next| is_latched(&latch, next)));
            let Decision::Latched(why) = latch.decide(&source, AT) else { unreachable!() };
            assert!(why.contains("3 times") && why.contains("CKR_TOKEN_NOT_PRESENT"), "{why}");
            // Cleared, it is one that may have been refused. What a person types next is another PIN.
            let cleared = latch.cleared();
            assert_eq!(is_latched(&cleared, &source), source != PinOrigin::Prompt);
            let _ = began(&cleared, &file(2));
        }
    }
}

#[test]
fn a_token_is_known_by_its_last_login_and_no_host_is_blamed_for_what_the_token_left_unclear() {
    let opened = accepted(&file(1));
    let known = opened.known().unwrap();
    assert_eq!((known.seen, known.doubt), (Seen::LoggedIn(AT.into()), None));
    let begun = began(&opened, &file(1));
    for latch in [begun.judged(&unclear(), AT), begun.clone()] {
        assert_eq!(latch.known().unwrap().doubt.as_deref(), Some("nobody knows how the last login ended"));
    }
    assert_eq!(begun.judged(&not_given(), AT).known().unwrap().doubt, None);
}

#[test]
fn a_pin_that_never_reached_the_token_counts_as_no_try_of_it() {
    for before in
        [Latch::new("1", &token()), accepted(&file(1)), unjudged(Latch::new("1", &token()), &file(1), 2)]
    {
        let before = Latch { blank: false, ..before };
        let latch = (0..9).fold(before.clone(), |latch, _| began(&latch, &file(1)).judged(&not_given(), AT));
        assert_eq!(latch, before);
    }
    // The right to one retry stays as it was, too.
    let left = began(&accepted(&file(1)), &file(1));
    assert_eq!(began(&left, &file(1)).judged(&not_given(), AT), left);
}

#[test]
fn tries_that_were_not_judged_count_for_their_source_until_it_is_accepted() {
    let latch = unjudged(Latch::new("1", &token()), &file(1), 2);
    let other = began(&unjudged(latch, &file(2), 2), &file(2)).judged(&LoginOutcome::Accepted, AT);
    // Another's success does not speak for it, nor does an operator who clears nothing of its.
    assert!(is_latched(&unjudged(other.cleared(), &file(1), 1), &file(1)));
    let accepted = began(&other, &file(1)).judged(&LoginOutcome::Accepted, AT);
    assert!(!is_latched(&unjudged(accepted, &file(1), 9), &file(1)));
}

#[test]
fn a_record_of_before_is_read_and_one_that_needs_nothing_new_is_written_as_before() {
    let before = r#"{"serial":"1","token":"frankfurt","accepted":null,"last":"clear","spent":[],"number":7,"blank":true}"#;
    let latch: Latch = serde_json::from_str(before).unwrap();
    assert_eq!(serde_json::to_string(&latch).unwrap(), before);
    let counted = unjudged(latch, &file(1), 2);
    let read: Latch = serde_json::from_slice(&serde_json::to_vec(&counted).unwrap()).unwrap();
    assert!(is_latched(&unjudged(read, &file(1), 1), &file(1)));
}

#[test]
fn an_unclear_outcome_is_none() {
    let fresh = began(&Latch::new("1", &token()), &file(1));
    assert!(is_latched(&fresh.judged(&unclear(), AT), &file(1)));
    let again = began(&began(&accepted(&file(1)), &file(1)).judged(&unclear(), AT), &file(1));
    assert!(is_latched(&again.judged(&unclear(), AT), &file(1)));
}

#[test]
fn a_refused_source_is_not_tried_again_whatever_the_operator_says() {
    let refused = began(&Latch::new("1", &token()), &file(1)).judged(&refused(), AT);
    let cleared = refused.cleared().cleared();
    assert!(is_latched(&cleared, &file(1)));
    for replaced in [file(2), changed(1, 8), PinOrigin::Prompt] {
        let _ = began(&cleared, &replaced);
    }
    let later = began(&cleared, &file(2)).judged(&LoginOutcome::Accepted, AT);
    assert!(is_latched(&later, &file(1)), "not even after another was accepted");
}

#[test]
fn a_source_that_may_have_been_refused_counts_as_refused_once_the_latch_is_cleared() {
    let left = began(&accepted(&file(1)), &file(1)).cleared();
    assert!(is_latched(&left, &file(1)));
    let _ = began(&left, &changed(1, 8));
}

#[test]
fn what_a_person_types_next_is_another_pin() {
    let refused = began(&Latch::new("1", &token()), &PinOrigin::Prompt).judged(&refused(), AT);
    let _ = began(&refused.cleared(), &PinOrigin::Prompt);
}

#[test]
fn an_officers_pin_latches_like_a_users() {
    let officer = PinOrigin::Officer(PinIdentity { device: 1, inode: 1, mtime_ns: 7 });
    let refused = began(&Latch::new("1", &token()), &officer).judged(&refused(), AT);
    assert!(is_latched(&refused, &officer) && is_latched(&refused.cleared(), &officer));
    let left = began(&accepted(&officer), &officer);
    assert!(is_latched(&left, &officer), "an officer's attempt is never retried");
}

#[test]
fn what_a_person_types_is_never_retried() {
    assert!(is_latched(&began(&accepted(&PinOrigin::Prompt), &PinOrigin::Prompt), &PinOrigin::Prompt));
}

#[test]
fn an_outcome_without_an_attempt_changes_nothing() {
    let latch = began(&Latch::new("1", &token()), &file(1)).judged(&refused(), AT);
    assert_eq!(latch.judged(&LoginOutcome::Accepted, AT), latch);
}

/// One token's two records, of two serials that turned out to be one.
#[test]
fn of_two_records_neither_source_is_given_again_once_the_operator_cleared_the_one_that_stands() {
    let new = || Latch::new("1", &token());
    let left = |source: &PinOrigin| began(&new(), source);
    let turned_away = |source: &PinOrigin| left(source).judged(&refused(), AT);
    for (one, other) in [
        (turned_away(&file(1)), turned_away(&file(2))),
        (turned_away(&file(1)), left(&file(2))),
        (left(&file(1)), turned_away(&file(2))),
        (left(&file(1)), left(&file(2))),
        (began(&accepted(&file(1)), &file(1)), turned_away(&file(2))),
    ] {
        for (one, other) in [(&one, &other), (&other, &one)] {
            let merged = one.clone().stricter(Latch { number: 7, ..other.clone() });
            assert!(is_latched(&merged, &file(1)) && is_latched(&merged, &file(2)));
            let cleared = merged.cleared();
            assert!(is_latched(&cleared, &file(1)) && is_latched(&cleared, &file(2)), "{cleared:?}");
            let _ = began(&cleared, &file(3));
        }
    }
    // What a person types next is another PIN.
    let typed = turned_away(&PinOrigin::Prompt).stricter(turned_away(&file(2)));
    let _ = began(&typed.cleared(), &PinOrigin::Prompt);
}

/// One try to log in: from where, with which PIN a person would type, and when the host dies.
#[derive(Clone, Copy, Debug)]
enum Step {
    Try { source: u64, typed_right: bool, fate: Fate },
    Replace(u64),
    Restart,
    Unlatch,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Told,
    NotGiven,
    NotJudged,
    Unclear,
    KilledBeforeLogin,
    KilledAfterLogin,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate = prop_oneof![
        3 => Just(Fate::Told),
        1 => Just(Fate::NotGiven),
        1 => Just(Fate::NotJudged),
        1 => Just(Fate::Unclear),
        1 => Just(Fate::KilledBeforeLogin),
        1 => Just(Fate::KilledAfterLogin),
    ];
    let attempt = (0..4u64, any::<bool>(), fate);
    let attempt = attempt.prop_map(|(source, typed_right, fate)| Step::Try { source, typed_right, fate });
    prop::collection::vec(
        prop_oneof![
            8 => attempt,
            1 => (0..3u64).prop_map(Step::Replace),
            2 => Just(Step::Restart),
            2 => Just(Step::Unlatch),
        ],
        1..60,
    )
}

proptest! {
    // Each step is a few fsyncs.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Sources 0 and 1 hold the right PIN, 2 a wrong one, 3 is a person, who types another PIN after each unlatch. The
    /// token counts what it refuses.
    #[test]
    fn a_token_refuses_at_most_one_pin_per_source_ever(steps in steps()) {
        // And a PIN that was never accepted is given three times at most, whatever the token says of it.
        let mut given = HashMap::<(u64, i64), Option<u8>>::new();
        let folder = tempfile::tempdir().unwrap();
        let open = || Store::open(folder.path().join("latch")).unwrap();
        let (mut store, mut refusals) = (open(), HashMap::<(u64, i64), u32>::new());
        let mut times = [0; 4];
        for step in steps {
            match step {
                Step::Restart => store = open(),
                Step::Unlatch => {
                    store.clear("a/b").unwrap();
                    times[3] += 1;
                }
                Step::Replace(source) => times[usize::try_from(source).unwrap()] += 1,
                Step::Try { source, typed_right, fate } => {
                    let time = times[usize::try_from(source).unwrap()];
                    let origin = if source == 3 { PinOrigin::Prompt } else { changed(source, time) };
                    if matches!(store.attempt("a/b", &token(), &origin).unwrap(), Decision::Latched(_)) {
                        continue;
                    }
                    let right = if source == 3 { typed_right } else { source < 2 };
                    let reached = matches!(fate, Fate::Told | Fate::Unclear | Fate::KilledAfterLogin);
                    *refusals.entry((source, time)).or_default() += u32::from(reached && !right);
                    let times = given.entry((source, time)).or_insert(Some(0));
                    let was_given = !matches!(fate, Fate::NotGiven);
                    *times = times.filter(|_| !(right && matches!(fate, Fate::Told))).map(|times| times + u8::from(was_given));
                    match fate {
                        Fate::Told if right => store.outcome("a/b", &LoginOutcome::Accepted).unwrap(),
                        Fate::Told => store.outcome("a/b", &refused()).unwrap(),
                        Fate::NotGiven => store.outcome("a/b", &not_given()).unwrap(),
                        Fate::NotJudged => store.outcome("a/b", &not_judged()).unwrap(),
                        Fate::Unclear => store.outcome("a/b", &unclear()).unwrap(),
                        Fate::KilledBeforeLogin | Fate::KilledAfterLogin => {}
                    }
                }
            }
            prop_assert!(refusals.values().all(|count| *count <= 1), "{refusals:?}");
            prop_assert!(given.values().flatten().all(|times| *times <= MAX_UNJUDGED), "{given:?}");
        }
    }
}
