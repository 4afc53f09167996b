//! Each thing that can be wrong with a sign-in, and each that looks so and is not.

mod several;
mod world;

use serde_json::json;

use super::*;
use world::{APP, KEY, KEY_ID, OTHER, SHA1, SHA256, TENANT, assertion, at, lifecycle, sign_in, with, world};

use Certainty::{Likely, Possible, Sure};
use Kind::{NotCovered, OtherCredential, Outside, RetiredKey, TooMany, Unexplained};

const DAY: i64 = 86_400;

#[test]
fn a_sign_in_with_an_assertion_is_explained() {
    let world =
        world([assertion(DAY, 300), assertion(2 * DAY, 300)], [sign_in(DAY + 1), sign_in(2 * DAY + 290)]);
    let report = world.asked().unwrap();
    assert!(report.explained, "{report:?}");
    assert_eq!((report.sign_ins.compared, report.sign_ins.explained, report.sign_ins.reused), (2, 2, 0));
}

#[test]
fn a_sign_in_without_one_is_named_with_tenant_key_row_and_reason() {
    let report = world([assertion(DAY, 300)], [sign_in(DAY), sign_in(2 * DAY)]).asked().unwrap();
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!((finding.kind, finding.certainty, finding.sign_ins), (Unexplained, Sure, 1));
    assert_eq!((&*finding.tenant, finding.key.as_deref()), (TENANT, Some(KEY)));
    assert_eq!(finding.connector.as_deref(), Some("de"));
    assert_eq!(finding.why, "the last assertion had ended 23 h before");
    assert_eq!(finding.rows, [Place { file: "signins.json".to_owned(), line: 2 }]);
    assert_eq!(report.call[0].tenant, TENANT);
}

#[test]
fn clocks_may_differ_by_so_much_and_no_more() {
    let skew = CLOCK_SKEW.as_secs();
    for (s, explained) in [(-skew, true), (-skew - 1, false), (300 + skew, true), (300 + skew + 1, false)] {
        let found = world([assertion(DAY, 300)], [sign_in(DAY + s)]).finds();
        assert_eq!(found.is_empty(), explained, "{s}: {found:?}");
    }
}

#[test]
fn a_voided_assertion_explains_nothing() {
    let void = json!({"v": 1, "time": at(DAY), "kind": "void", "voids": 1});
    assert_eq!(world([assertion(DAY, 300), void], [sign_in(DAY)]).finds(), [(Unexplained, Sure, 1)]);
}

#[test]
fn an_assertion_explains_no_sign_in_of_another_tenant_application_or_key() {
    for other in [json!({"resourceTenantId": OTHER}), json!({"appId": OTHER})] {
        assert_eq!(
            world([assertion(DAY, 300)], [with(sign_in(DAY), other)]).finds(),
            [(Unexplained, Sure, 1)]
        );
    }
    let by_another = with(assertion(DAY, 300), json!({"key": "0c0d"}));
    assert_eq!(world([by_another], [sign_in(DAY)]).finds(), [(Unexplained, Sure, 1)]);
}

/// A thief who signs in while the vendor does is seen by counting alone.
#[test]
fn one_sign_in_more_than_there_are_assertions_is_too_many() {
    let found = world(
        [assertion(DAY, 300), assertion(DAY + 60, 300)],
        [sign_in(DAY + 2), sign_in(DAY + 30), sign_in(DAY + 61)],
    );
    let report = found.asked().unwrap();
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!((finding.kind, finding.certainty, finding.sign_ins), (TooMany, Likely, 1));
    assert_eq!(finding.rows.len(), 3, "which of them it is, nobody can tell");
    assert_eq!(finding.why, "3 sign-ins beside 2 assertions that could be used then");
}

#[test]
fn an_assertion_of_ten_minutes_may_be_kept_for_every_resource_and_no_shorter_one() {
    let rows = ["graph", "mail", "files"].map(|name| with(sign_in(DAY + 5), json!({"resourceId": name})));
    let report = world([assertion(DAY, 600)], rows.clone()).asked().unwrap();
    assert!(report.explained, "{report:?}");
    assert_eq!(report.sign_ins.reused, 2);
    assert_eq!(world([assertion(DAY, 300)], rows.clone()).finds(), [(TooMany, Likely, 2)]);
    let twice = [&rows[..], &rows[..1]].concat();
    assert_eq!(world([assertion(DAY, 600)], twice).finds(), [(TooMany, Likely, 1)]);
}

#[test]
fn a_file_that_is_refreshed_is_read_by_so_many_programs_and_no_more() {
    // Alone in their time: the second, asked for when the first was to be replaced, and long over when the first is.
    let file = || [assertion(DAY, 1200), assertion(DAY + 300, 1200)];
    let rows = |count: u32| (0..count).map(|_| sign_in(DAY + 302));
    let report = world(file(), rows(2 * FILE_READERS)).asked().unwrap();
    assert!(report.explained, "{report:?}");
    assert_eq!(world(file(), rows(2 * FILE_READERS + 1)).finds(), [(TooMany, Likely, 1)]);
    let asked = [assertion(DAY, 300), assertion(DAY + 150, 300)];
    assert_eq!(world(asked, rows(3)).finds(), [(TooMany, Likely, 1)], "not at a file's pace");
}

#[test]
fn a_sign_in_from_elsewhere_is_found_even_where_an_assertion_explains_it() {
    let elsewhere = |s| with(sign_in(s), json!({"ipAddress": "198.51.100.7"}));
    assert_eq!(world([assertion(DAY, 300)], [elsewhere(DAY)]).finds(), [(Outside, Likely, 1)]);
    // It makes no other one too many.
    assert_eq!(world([assertion(DAY, 300)], [elsewhere(DAY), sign_in(DAY)]).finds(), [(Outside, Likely, 1)]);
    let both = world([], [elsewhere(DAY)]).finds();
    assert_eq!(both, [(Unexplained, Sure, 1), (Outside, Likely, 1)]);
    let mut without = world([assertion(DAY, 300)], [elsewhere(DAY)]);
    without.question.egress = None;
    let report = without.asked().unwrap();
    assert!(report.explained && report.notes[0].code == "no-egress", "{report:?}");
}

#[test]
fn a_failed_sign_in_with_a_retired_key_is_found_and_one_before_is_not() {
    let failed = |s| with(sign_in(s), json!({"status": {"errorCode": 700_027}}));
    let retired = || [assertion(DAY, 300), lifecycle(2 * DAY, "retired")];
    assert_eq!(world(retired(), [failed(DAY + 2), failed(3 * DAY)]).finds(), [(RetiredKey, Sure, 1)]);
    // That the customer still trusts it is worse.
    assert_eq!(world(retired(), [sign_in(3 * DAY)]).finds(), [(Unexplained, Sure, 1)]);
}

#[test]
fn failures_use_up_no_assertion_and_need_one() {
    let failed = |s, code| with(sign_in(s), json!({"status": {"errorCode": code}}));
    let again = [failed(DAY, 90_033), failed(DAY + 1, 90_033), sign_in(DAY + 2)];
    assert_eq!(world([assertion(DAY, 300)], again).finds(), []);
    assert_eq!(world([], [failed(DAY, 53_003)]).finds(), [(Unexplained, Sure, 1)]);
    assert_eq!(
        world([], [failed(DAY, 700_027)]).finds(),
        [(Unexplained, Possible, 1)],
        "no key is needed for it"
    );
}

#[test]
fn another_credential_of_the_application_is_found() {
    let secret =
        json!({"clientCredentialType": "clientSecret", "servicePrincipalCredentialThumbprint": null});
    let stranger = json!({"servicePrincipalCredentialThumbprint": "ff".repeat(20), "servicePrincipalCredentialKeyId": null});
    for other in [secret, stranger] {
        let row = with(sign_in(DAY), other);
        assert_eq!(world([assertion(DAY, 300)], [row]).finds(), [(OtherCredential, Likely, 1)]);
    }
}

#[test]
fn other_applications_of_a_tenant_are_left_aside() {
    let row =
        with(sign_in(DAY), json!({"appId": OTHER, "servicePrincipalCredentialThumbprint": "ff".repeat(20)}));
    let report = world([assertion(DAY, 300)], [row, sign_in(DAY)]).asked().unwrap();
    assert!(report.explained);
    assert_eq!((report.rows.others, report.sign_ins.compared), (1, 1));
}

#[test]
fn a_row_that_stands_in_two_exports_counts_once() {
    let id = |row| with(row, json!({"id": "R-1"}));
    let again = with(id(sign_in(DAY)), json!({"id": "r-1", "createdDateTime": at(DAY).replace('Z', ".25Z")}));
    let report = world([assertion(DAY, 300)], [id(sign_in(DAY)), again]).asked().unwrap();
    assert!(report.explained, "{report:?}");
    assert_eq!((report.sign_ins.compared, report.sign_ins.doubles), (1, 1));
}

#[test]
fn names_are_the_same_in_every_writing() {
    let shouted = json!({"appId": APP.to_uppercase(), "resourceTenantId": format!("{{{TENANT}}}"),
        "servicePrincipalCredentialThumbprint": SHA1.to_uppercase()});
    assert_eq!(world([assertion(DAY, 300)], [with(sign_in(DAY), shouted)]).finds(), []);
}

#[test]
fn rows_come_in_any_order() {
    let rows = [sign_in(3 * DAY), sign_in(DAY), sign_in(2 * DAY)];
    assert_eq!(world([1, 2, 3].map(|day| assertion(day * DAY, 300)), rows).finds(), []);
}

#[test]
fn a_domain_name_of_the_logs_is_the_only_tenant_that_it_can_be() {
    let named = |s| with(assertion(s, 300), json!({"tenant": "Contoso.OnMicrosoft.com"}));
    let report = world([named(DAY)], [sign_in(DAY), sign_in(2 * DAY)]).asked().unwrap();
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!((finding.kind, &*finding.tenant), (Unexplained, TENANT));
    assert_eq!(finding.also, ["contoso.onmicrosoft.com"]);
    // Under both names, by two services.
    assert_eq!(world([named(DAY), assertion(2 * DAY, 300)], [sign_in(DAY), sign_in(2 * DAY)]).finds(), []);
    // Of two tenants it may be either: it is said, and less surely.
    let rows = [sign_in(DAY), with(sign_in(DAY), json!({"resourceTenantId": OTHER}))];
    assert_eq!(world([named(DAY)], rows).finds(), [(Unexplained, Likely, 1), (Unexplained, Likely, 1)]);
}

#[test]
fn a_row_without_a_tenant_is_of_the_applications_only_one_or_of_that_which_is_named() {
    let untold = || with(sign_in(DAY), json!({"resourceTenantId": null}));
    assert_eq!(world([assertion(DAY, 300)], [untold()]).finds(), []);
    let two = || [assertion(DAY, 300), with(assertion(DAY, 300), json!({"tenant": OTHER}))];
    let ambiguous = world(two(), [untold()]).asked().unwrap_err();
    assert!(ambiguous.line == 1 && ambiguous.what.contains("--tenant"), "{ambiguous:?}");
    let mut named = world(two(), [untold(), untold()]);
    named.question.tenant = Some(TENANT.to_uppercase());
    assert_eq!(named.finds(), [(TooMany, Likely, 1)]);
}

#[test]
fn what_the_logs_do_not_cover_is_said_and_clears_nobody() {
    let rows = || [sign_in(-DAY), sign_in(31 * DAY)];
    assert_eq!(world([assertion(DAY, 300)], rows()).finds(), [(NotCovered, Possible, 2)]);
    let mut within = world([assertion(DAY, 300)], rows().into_iter().chain([sign_in(DAY)]));
    within.question.span =
        Span { since: Some(at(0).parse().unwrap()), until: Some(at(30 * DAY).parse().unwrap()) };
    let report = within.asked().unwrap();
    assert!(report.explained, "{report:?}");
    assert_eq!((report.rows.beyond, report.sign_ins.compared), (2, 1));
}

#[test]
fn several_logs_are_one() {
    let mut world = world([assertion(DAY, 300)], [sign_in(DAY), sign_in(2 * DAY)]);
    world.logs.push(vec![assertion(2 * DAY, 300)]);
    assert_eq!(world.finds(), []);
}

#[test]
fn a_key_is_told_by_its_key_id_once_that_is_published_or_learned() {
    let by_id = |s| with(sign_in(s), json!({"servicePrincipalCredentialThumbprint": null}));
    let by_another = || with(assertion(DAY, 300), json!({"key": "0c0d"}));
    // Nobody tells whose it is, so that any key's assertion explains it.
    assert_eq!(world([by_another()], [by_id(DAY)]).finds(), []);
    // A row that tells both teaches it: then it is not that other key's.
    let entries = [by_another(), assertion(2 * DAY, 300)];
    assert_eq!(world(entries, [by_id(DAY), sign_in(2 * DAY)]).finds(), [(Unexplained, Sure, 1)]);
    let published = with(
        lifecycle(1, "published"),
        json!({"credential_key_id": KEY_ID.to_uppercase(), "client_id": APP}),
    );
    assert_eq!(world([published, by_another()], [by_id(DAY)]).finds(), [(Unexplained, Sure, 1)]);
}

#[test]
fn a_certificate_of_an_older_log_is_known_by_its_file() {
    let older = || {
        let mut world = world([assertion(DAY, 300)], [with(sign_in(2 * DAY), json!({}))]);
        world.logs[0][0] = with(lifecycle(0, "certified"), json!({"certificate_sha256": SHA256}));
        world
    };
    let report = older().asked().unwrap();
    assert_eq!((report.findings[0].kind, report.findings[0].certainty), (Unexplained, Likely));
    assert!(report.notes.iter().any(|note| note.code == "no-thumbprint"), "{report:?}");
    let report = older().asked_knowing(|keys| assert!(keys.certificate(SHA1, SHA256, ""))).unwrap();
    assert_eq!((report.findings[0].certainty, report.findings[0].key.as_deref()), (Sure, Some(KEY)));
    let other = |keys: &mut Keys| assert!(!keys.certificate(SHA1, &"ff".repeat(32), &"ee".repeat(32)));
    assert_eq!(older().asked_knowing(other).unwrap().findings[0].certainty, Likely);
}

#[test]
fn rows_that_sum_up_are_held_against_times_and_networks_only() {
    let sum =
        |s, others| with(with(sign_in(s), json!({"signInCount": 5, "firstSignInDateTime": at(s)})), others);
    let report = world([assertion(DAY, 300)], [sum(DAY - 3600, json!({}))]).asked().unwrap();
    assert!(report.explained && report.sign_ins.summed == 5, "{report:?}");
    assert_eq!(world([assertion(DAY, 300)], [sum(2 * DAY, json!({}))]).finds(), [(Unexplained, Likely, 5)]);
    let elsewhere = sum(DAY - 3600, json!({"ipAddress": "198.51.100.7"}));
    assert_eq!(world([assertion(DAY, 300)], [elsewhere]).finds(), [(Outside, Likely, 5)]);
}

#[test]
fn assertions_without_a_sign_in_are_a_note_unless_their_row_may_be_late() {
    let late = 20 * DAY - LATE_ROWS.as_secs();
    let entries =
        [assertion(2 * DAY, 300), assertion(late + 60, 300), assertion(DAY, 300), assertion(20 * DAY, 300)];
    let report = world(entries, [sign_in(DAY), sign_in(20 * DAY)]).asked().unwrap();
    assert!(report.explained);
    assert_eq!(report.sign_ins.unused, 1, "that of the second day");
}

#[test]
fn an_entry_that_cannot_be_read_leaves_nothing_explained() {
    let entries = [json!({"v": 1, "kind": "release"}), assertion(DAY, 300)];
    let report = world(entries, [sign_in(DAY)]).asked().unwrap();
    assert!(!report.explained && report.findings.is_empty(), "{report:?}");
    assert_eq!((report.logs[0].damaged, report.logs[0].size), (1, 4));
    assert!(report.logs[0].damage.as_ref().unwrap().starts_with("entry 1: not an entry"), "{report:?}");
}

#[test]
fn whom_nothing_was_given_of_is_counted() {
    let other = with(assertion(DAY, 300), json!({"tenant": OTHER, "client_id": OTHER}));
    let report = world([assertion(DAY, 300), other], [sign_in(DAY)]).asked().unwrap();
    assert_eq!((report.tenants, report.tenants_without), (1, 1));
    assert!(report.notes.iter().any(|note| note.code == "not-given"), "{report:?}");
}

#[test]
fn a_log_of_many_bundles_is_read_whole() {
    let entries = (0..1000).map(|n| assertion(DAY + n * 1000, 300));
    let rows = (0..1000).map(|n| sign_in(DAY + n * 1000 + 3));
    let report = world(entries, rows).asked().unwrap();
    assert!(report.explained, "{:?}", report.findings);
    assert_eq!((report.sign_ins.explained, report.logs[0].size), (1000, 1002));
}

/// A hole in a log is told, and what stands behind it is read.
#[test]
fn a_hole_in_a_log_is_counted_and_ends_nothing() {
    for (torn, damaged, said) in
        [(None, 256, "entry 256: bundle 1 is missing"), (Some(3), 256, "entry 256: no whole frame")]
    {
        let entries = (0..1000).map(|n| assertion(DAY + n * 1000, 300));
        let mut world = world(entries, [0, 900].map(|n| sign_in(DAY + n * 1000)));
        world.torn.push(("tile/entries/001", torn));
        let report = world.asked().unwrap();
        let log = &report.logs[0];
        assert!(!report.explained && report.findings.is_empty(), "{report:?}");
        assert_eq!((log.size, log.damaged), (1002, damaged));
        assert!(log.damage.as_ref().unwrap().starts_with(said), "{log:?}");
    }
}

#[test]
fn a_void_takes_back_nothing_that_comes_after_it() {
    let void = json!({"v": 1, "time": at(DAY), "kind": "void", "voids": 2});
    assert_eq!(world([void, assertion(DAY, 300)], [sign_in(DAY)]).finds(), []);
}

/// Before the memory is spent: no more is kept than there is room for.
#[test]
fn a_log_that_has_more_than_fits_is_refused_as_it_is_read() {
    let void = |named: u64| json!({"v": 1, "time": at(DAY), "kind": "void", "voids": named});
    let entries: Vec<_> = [lifecycle(0, "retired"), assertion(DAY, 300), assertion(DAY, 300)]
        .into_iter()
        .chain([void(1), void(2), void(2)])
        .collect();
    let folder = tempfile::tempdir().unwrap();
    world::write(folder.path(), &entries);
    let log = crate::Log::open(folder.path()).unwrap();
    let read = |room| part::Part::read(&log, 0..1, Span::default(), &room);
    let part = read(room::Room::of(2, 2, 1)).unwrap();
    assert_eq!((part.indices.len(), part.voided.len(), part.lifecycle.len()), (2, 2, 1));
    for (room, said) in [((1, 2, 1), "assertions"), ((2, 1, 1), "voids"), ((2, 2, 0), "lifecycle")] {
        let refused = read(room::Room::of(room.0, room.1, room.2)).err().unwrap();
        assert!(refused.to_string().contains(said), "{refused}");
    }
}
