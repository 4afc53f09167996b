//! A login fails: the PIN is refused, or nobody knows. What ends it is an operator, where a try may have been spent. Or its host
//! has to go meanwhile: a kill would cost a token that is kept in files.

use std::fs;

use cryptoki_sys::*;
use fault_module::{Action, Function};

use super::{Group, Kind};
use crate::Rig;
use crate::agent::NOT_LEFT;
use crate::faults::{Scene, Times, amid};
use crate::rig::PIN;

/// How often the supervisor looks at the host while its login is held: longer than it waits for one that is amid nothing.
const LOOKS: usize = 5;
/// A PIN that is not the token's.
const WRONG: &str = "not-the-rigs-pin";

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(Group::Logins, "a wrong PIN", |scene| {
            scene.site.rig.private("pin", WRONG);
            scene.kill_host();
            latched(scene, 1);
        }),
        refused("CKR_PIN_INCORRECT from C_Login", CKR_PIN_INCORRECT),
        refused("CKR_PIN_LOCKED from C_Login", CKR_PIN_LOCKED),
        refused("CKR_PIN_EXPIRED from C_Login", CKR_PIN_EXPIRED),
        once("CKR_DEVICE_ERROR from C_Login", CKR_DEVICE_ERROR),
        once("CKR_GENERAL_ERROR from C_Login", CKR_GENERAL_ERROR),
        once("CKR_SESSION_CLOSED from C_Login", CKR_SESSION_CLOSED),
        once("CKR_DEVICE_REMOVED from C_Login", CKR_DEVICE_REMOVED),
        once("CKR_TOKEN_NOT_PRESENT from C_Login", CKR_TOKEN_NOT_PRESENT),
        once("CKR_USER_ALREADY_LOGGED_IN from C_Login, which did not log in", CKR_USER_ALREADY_LOGGED_IN),
        Kind::new(Group::Logins, "a vendor's code from C_Login, lasting", |scene| {
            let code = CKR_VENDOR_DEFINED | 1;
            scene.strike_start(Function::Login, Action::Code, code, Times::Always);
            // One for the attempt, and the one retry of a PIN that was accepted before.
            latched(scene, 2);
        }),
        Kind::new(Group::Logins, "the device removed at each login, which was counted", |scene| {
            scene.strike_start(Function::Login, Action::CodeAfter, CKR_DEVICE_REMOVED, Times::Always);
            latched(scene, 2);
        }),
        Kind::new(Group::Logins, "SIGSEGV in C_Login, lasting", |scene| {
            scene.strike_start(Function::Login, Action::Segv, 0, Times::Always);
            latched(scene, 2);
        }),
        Kind::new(Group::Logins, "the login lost behind the agent's back", |scene| {
            scene.strike(Function::SignInit, Action::LogOut, 0, 1);
        })
        .refusing(0),
        Kind::new(Group::Logins, "a kill amid a login", amid_a_login),
    ]
}

/// A login that does not come to its end, or a store that is empty, is a run that got stuck.
fn amid_a_login(scene: &mut Scene<'_>) {
    let (faults, agent) = (scene.site.faults(), scene.agent());
    let before = faults.open(Function::Login);
    amid::hold_login(agent, faults, &mut || ());
    let hosts = agent.hosts();
    agent.until_said(NOT_LEFT, LOOKS);
    scene.clear();
    scene.until_replaced(&hosts);
    assert_eq!(faults.open(Function::Login), before, "a kill fell into a login");
    assert_eq!(empty_stores(&scene.site.rig), 0, "a token's store is lost");
}

/// How many files of the token hold nothing.
fn empty_stores(rig: &Rig) -> usize {
    let tokens =
        fs::read_dir(rig.at("tokens")).unwrap().map(|token| token.unwrap().path().join("token.object"));
    tokens.filter(|store| fs::metadata(store).is_ok_and(|store| store.len() == 0)).count()
}

/// The token refuses every PIN, until an operator had it mended.
fn refused(name: &'static str, code: CK_RV) -> Kind {
    Kind::new(Group::Logins, name, move |scene| {
        scene.strike_start(Function::Login, Action::Code, code, Times::Always);
        latched(scene, 1);
    })
}

/// One login answers the code, and mends itself.
fn once(name: &'static str, code: CK_RV) -> Kind {
    Kind::new(Group::Logins, name, move |scene| {
        scene.strike_start(Function::Login, Action::Code, code, Times::N(1));
        scene.gone();
    })
}

/// The token is latched after so many logins, and not one more is tried until an operator cleared it.
fn latched(scene: &Scene<'_>, logins: u64) {
    scene.agent().await_tokens("latched");
    let calls = scene.site.faults().calls(Function::Login);
    scene.until_refused();
    assert_eq!(scene.site.faults().calls(Function::Login), calls, "another login was tried");
    assert!(scene.logins() <= logins, "{} logins were tried", scene.logins());
    scene.site.faults().clear();
    scene.unlatch("soft", PIN);
}
