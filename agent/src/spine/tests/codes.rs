//! Every code of the reference is one that a request for an assertion or a proof can end with, and then it has its test or a
//! reason, or one that it cannot.

use std::collections::BTreeSet;

use super::every::Shown::{self, By, Not};
use super::{connections, input, refusals};

/// The codes of the variants in `every`.
const VARIANTS: [&str; 33] = [
    "invalid-connector",
    "invalid-body",
    "invalid-tenant",
    "invalid-client-id",
    "connector-not-granted",
    "tenant-not-granted",
    "client-id-not-granted",
    "object-id-not-granted",
    "tenants-unreadable",
    "rate-exceeded",
    "verb-not-granted",
    "connector-frozen",
    "clock-step",
    "unprovisioned",
    "orphaned-key",
    "log-lost",
    "uncertified",
    "certificate-lost",
    "key-missing",
    "key-mismatch",
    "key-unfit",
    "key-kind",
    "software-token",
    "exception-unrecorded",
    "token-unavailable",
    "token-busy",
    "token-failed",
    "message-untimely",
    "no-slot",
    "management-key",
    "wrong-signature",
    "ledger-unavailable",
    "not-an-admin",
];

/// Other codes on this way.
const BESIDES: [(&str, Shown); 15] = [
    ("invalid-path", By(&[input::a_path_that_is_no_text_or_no_connectors_name_is_refused])),
    ("invalid-object-id", By(&[refusals::a_proof_is_for_an_application_of_the_connectors_and_for_no_other])),
    ("invalid-reason", By(&[input::a_proof_without_a_whole_reason_is_refused])),
    ("body-too-large", By(&[input::a_body_over_its_limit_is_refused_however_well_formed])),
    ("no-such-path", By(&[input::another_method_and_an_admins_path_on_the_callers_socket_are_refused])),
    ("method-not-allowed", By(&[input::another_method_and_an_admins_path_on_the_callers_socket_are_refused])),
    ("peer-is-host", By(&[connections::a_child_of_the_supervisors_is_no_caller])),
    ("body-timeout", Not("it takes ten seconds: tests/tests/http_input.rs")),
    ("stopping", Not("that a stop waits no more is tested where the stop is, in agent/src/front")),
    ("internal", Not("a fault of ours that nobody knows of: the task that a request runs in has a test")),
    ("too-many-connections", Not("there is no request yet: tests/tests/http_surface.rs")),
    ("too-many-of-yours", Not("there is no request yet: tests/tests/http_input.rs")),
    ("peer-unseen", Not("it takes a PID namespace: tests/tests/containers.rs")),
    ("peer-unreadable", Not("it takes thousands of groups: tests/tests/callers.rs")),
    ("peer-changed", Not("it takes another user: tests/tests/callers.rs")),
];

/// Codes that no request for a signature ends with: of other verbs, and of what is only told.
const ELSEWHERE: [&str; 32] = [
    "invalid-days",
    "invalid-spki-sha256",
    "invalid-certificate",
    "no-such-token",
    "no-such-tile",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-mismatch",
    "certificate-in-the-way",
    "already-pinned",
    "has-certificate",
    "token-unfit",
    "ambiguous-key",
    "no-such-orphan",
    "init-refused",
    "init-unfinished",
    "token-has-keys",
    "unlatch-refused",
    "reload-refused",
    "state-unavailable",
    "token-failing",
    "certificate-ends-90",
    "certificate-ends-30",
    "certificate-ends-7",
    "key-size",
    "no-checkpoint",
    "checkpoint-stale",
    "checkpoint-state-lost",
    "ledger-key-missing",
    "no-ledger-token",
    "ledger-key-elsewhere",
    "orphaned-ledger-key",
];

#[test]
fn every_code_of_the_reference_has_its_test_or_a_reason() {
    let reference = include_str!("../../../../docs/api.md");
    let rows = reference.split("## The command line").next().unwrap().lines();
    let is_row = |rest: &str| {
        let status = rest.split(' ').next().unwrap_or_default();
        status.parse::<u16>().is_ok_and(|status| status >= 400) || ["fails", "notes"].contains(&status)
    };
    let code = |line: &'static str| {
        let (code, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        is_row(rest).then_some(code)
    };
    let named: BTreeSet<&str> = rows.filter_map(code).collect();
    let besides = BESIDES.iter().map(|(code, shown)| {
        match shown {
            By(tests) => assert!(!tests.is_empty(), "{code}"),
            Not(reason) => assert!(!reason.is_empty(), "{code}"),
        }
        *code
    });
    let known: BTreeSet<&str> = VARIANTS.into_iter().chain(besides).chain(ELSEWHERE).collect();
    assert_eq!(known, named, "known here, and named in docs/api.md");
}
