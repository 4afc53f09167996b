//! A token's and its keys' birth, and what the keys' attributes say of it.

use std::process::Command;

use token::KeyLocation;
use token::control::{HostState, LoginOutcome, Order, PinOrigin, Report};
use token::lane::{Attributes, Done, KeyReport, Work};

use crate::bench::LABEL;
use crate::connector::CONNECTORS;
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
        if let Some(maker) = &life.backend.maker {
            make(life, maker(connector));
            continue;
        }
        let id = life.host().identify(connector.name).unwrap();
        let report = life.host().generate(connector.name, id).unwrap();
        assert_eq!(report.id, Some(id));
        assert_eq!(report.kind, Some(connector.used().key));
        assert!(report.public_key().is_some());
        life.born(connector.name, surveyed(report));
    }
}

/// The key is nobody's yet: `find` has it found.
fn make(life: &mut Life, tool: Command) {
    let made = life.backend.device.inside(tool).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    life.note(
        "by the security officer's own tool, since the module makes keys for nobody else; Kunci adopts them",
    );
}

/// A key that is named by its place is surveyed under whatever was born there; which birth, the front knows.
fn surveyed(report: KeyReport) -> KeyReport {
    let place = report.id.and_then(KeyLocation::of);
    KeyReport { id: place.map(|place| place.id([0; 8])).or(report.id), ..report }
}

/// A new host finds every connector's key by its label; where this suite cannot make keys, all that it knows of them is
/// what it finds here.
pub(super) fn find(life: &mut Life) {
    life.stop();
    is_graded(life);
    let found = life.host().survey();
    for connector in life.backend.connectors.clone() {
        let label = format!("kunci:{}", connector.name);
        let report = found.iter().find(|report| report.label == label);
        let report = report.unwrap_or_else(|| panic!("{label} is not found")).clone();
        assert_eq!(report.kind, Some(connector.used().key));
        life.born(connector.name, report);
    }
}

/// A token is told from software by its own words, whatever module they come through.
fn is_graded(life: &mut Life) {
    let (token, software) = (life.host().token(), life.backend.is_software);
    assert_eq!(token.software, software, "software is not told from hardware: {token:?}");
    assert!(!token.wrapping_key, "{token:?}");
}

/// What was asked for is what reads back, at the birth and later; what the module does not tell is noted.
pub(super) fn attributes(life: &mut Life) {
    is_graded(life);
    if life.pins().is_empty() {
        // Kunci made none of them.
        find(life);
    }
    let excepted = life.config().token.exceptions;
    let (mut untold, mut excused) = (Vec::new(), Vec::new());
    let (host, keys) = life.host_and_keys();
    let seen = host.survey();
    assert_eq!(seen.len(), keys.len(), "{seen:#?}");
    for (connector, born) in keys {
        assert!(seen.contains(born), "{connector}: {born:#?} reads now as {seen:#?}");
        assert_eq!(born.label, format!("kunci:{connector}"));
        let failed: Vec<_> = born.flaws.iter().filter(|flaw| !excepted.contains(flaw)).collect();
        assert!(failed.is_empty(), "{connector} fails {failed:?}: {:#?}", born.attributes);
        untold.extend(untold_of(&born.attributes));
        excused.extend(born.flaws.iter().map(|flaw| flaw.code()));
        if born.flaws.is_empty() {
            nothing_is_told_wrong(&born.attributes);
        }
    }
    assert_eq!(distinct(&excused).len(), excepted.len(), "an exception is not needed: {excused:?}");
    for (what, names) in [("not told", untold), ("by exception", excused)] {
        if !names.is_empty() {
            life.note(format!("{what}: {}", distinct(&names).join(", ")));
        }
    }
}

/// What is to be told of a good key, and what is.
fn wanted(told: &Attributes) -> [(&'static str, Option<bool>, bool); 13] {
    [
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
    ]
}

fn nothing_is_told_wrong(told: &Attributes) {
    for (name, told, wanted) in wanted(told) {
        assert_ne!(told, Some(!wanted), "{name}");
    }
}

fn untold_of(told: &Attributes) -> impl Iterator<Item = &'static str> {
    let flags = wanted(told).into_iter().filter(|(_, told, _)| told.is_none()).map(|(name, ..)| name);
    flags.chain(told.key_gen_mechanism.is_none().then_some("CKA_KEY_GEN_MECHANISM"))
}

/// Each once, in the order in which they came.
fn distinct(names: &[&'static str]) -> Vec<&'static str> {
    let mut distinct: Vec<_> = Vec::new();
    for name in names {
        if !distinct.contains(name) {
            distinct.push(*name);
        }
    }
    distinct
}
