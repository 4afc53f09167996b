//! A token's and its keys' birth, and what the keys' attributes say of it.

use token::Place;
use token::control::{HostState, LoginOutcome, Order, PinOrigin, Report};
use token::lane::{Attributes, Done, KeyReport, Work};

use crate::backend::{CONNECTORS, LABEL};
use crate::life::Life;

/// A blank token is initialised by the supervisor's word, and by nothing else.
pub(super) fn initialise(life: &mut Life) {
    let host = life.start();
    match host.await_report(|report| !matches!(report, Report::State(HostState::Starting))) {
        Report::State(HostState::Missing(_)) => {}
        other => panic!("no blank token: {other:?}"),
    }
    let lane = host.open_lane();
    let done = std::thread::scope(|scope| {
        let asked = scope.spawn(move || lane.ask(Work::Initialise));
        let attempt = host.await_report(|report| matches!(report, Report::Attempt { .. }));
        assert!(matches!(attempt, Report::Attempt { source: PinOrigin::Officer(_), .. }), "{attempt:?}");
        host.order(&Order::LogIn);
        asked.join().unwrap()
    });
    let Ok(Done::Token(token)) = done else { panic!("{done:?}") };
    assert_eq!(token.label, LABEL);
    assert_eq!(host.log_in(), LoginOutcome::Accepted);
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    life.serve(host);
}

pub(super) fn rsa_2048(life: &mut Life) {
    generate(life, "rsa-2048");
}

pub(super) fn rsa_3072(life: &mut Life) {
    generate(life, "rsa-3072");
}

pub(super) fn p_256(life: &mut Life) {
    generate(life, "p-256");
}

/// A key of this kind for each connector that wants one.
fn generate(life: &mut Life, kind: &str) {
    for connector in CONNECTORS.iter().filter(|connector| connector.key == kind) {
        let id = life.host().identify(connector.name).unwrap();
        let report = life.host().generate(connector.name, id).unwrap();
        assert_eq!(report.id, Some(id));
        assert_eq!(report.kind, Some(connector.used().key));
        assert!(report.public_key().is_some());
        life.born(connector.name, surveyed(report));
    }
}

/// A key that is named by its place is surveyed under whatever was born there; which birth, the front knows.
fn surveyed(report: KeyReport) -> KeyReport {
    let place = report.id.and_then(Place::of);
    KeyReport { id: place.map(|place| place.id([0; 8])).or(report.id), ..report }
}

/// A new host finds every connector's key by its label; where this suite cannot make keys, all that it knows of them is
/// what it finds here.
pub(super) fn find(life: &mut Life) {
    life.stop();
    let found = life.host().survey();
    for connector in life.backend.connectors() {
        let label = format!("kunci:{}", connector.name);
        let report = found.iter().find(|report| report.label == label);
        let report = report.unwrap_or_else(|| panic!("{label} is not found")).clone();
        assert_eq!(report.kind, Some(connector.used().key));
        life.born(connector.name, report);
    }
}

/// What was asked for is what reads back, at the birth and later; what the module does not tell is noted.
pub(super) fn attributes(life: &mut Life) {
    let (token, software) = (life.host().token(), life.backend.is_software());
    assert_eq!(token.software, software, "software is not told from hardware: {token:?}");
    assert!(!token.wrapping_key, "{token:?}");
    let mut untold = Vec::new();
    let (host, keys) = life.host_and_keys();
    let seen = host.survey();
    assert_eq!(seen.len(), keys.len(), "{seen:#?}");
    assert!(!keys.is_empty(), "no key was made");
    for (connector, born) in keys {
        assert!(seen.contains(born), "{connector}: {born:#?} reads now as {seen:#?}");
        assert_eq!(born.label, format!("kunci:{connector}"));
        assert_eq!(born.flaws, [], "{connector}: {:#?}", born.attributes);
        untold.extend(
            differences(&born.attributes)
                .into_iter()
                .filter(|name| !untold.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    if !untold.is_empty() {
        life.note(format!("not told: {}", untold.join(", ")));
    }
}

/// Which attributes are not told; none may be told wrong.
fn differences(told: &Attributes) -> Vec<&'static str> {
    let wanted = [
        ("CKA_SENSITIVE", told.sensitive, true),
        ("CKA_EXTRACTABLE", told.extractable, false),
        ("CKA_ALWAYS_SENSITIVE", told.always_sensitive, true),
        ("CKA_NEVER_EXTRACTABLE", told.never_extractable, true),
        ("CKA_LOCAL", told.local, true),
        ("CKA_PRIVATE", told.private, true),
        ("CKA_MODIFIABLE", told.modifiable, false),
        ("CKA_COPYABLE", told.copyable, false),
        ("CKA_SIGN", told.sign, true),
        ("CKA_DECRYPT", told.decrypt, false),
        ("CKA_UNWRAP", told.unwrap, false),
        ("CKA_DERIVE", told.derive, false),
        ("CKA_SIGN_RECOVER", told.sign_recover, false),
    ];
    for (name, told, wanted) in wanted {
        assert_ne!(told, Some(!wanted), "{name}");
    }
    let mut untold: Vec<_> =
        wanted.iter().filter(|(_, told, _)| told.is_none()).map(|(name, ..)| *name).collect();
    untold.extend(told.key_gen_mechanism.is_none().then_some("CKA_KEY_GEN_MECHANISM"));
    untold
}
