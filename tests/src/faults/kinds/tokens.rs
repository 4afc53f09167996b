//! The token goes, comes back, or is another one.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use cryptoki_sys::CKR_SESSION_COUNT;
use fault_module::{Action, Function};

use super::{Group, Kind};
use crate::Rig;
use crate::faults::{Scene, Times};

/// How many assertions show that a token serves, and that it serves all who come.
const SOME: usize = 10;
const MANY: usize = 200;

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(Group::Tokens, "the token pulled and put back", |scene| {
            rename(scene, "tokens", "away");
            scene.until_refused();
            rename(scene, "away", "tokens");
            scene.gone();
        }),
        Kind::new(Group::Tokens, "the token swapped for another with its label, and back", |scene| {
            let other = another(&scene.site.rig);
            rename(scene, "tokens", "away");
            rename(scene, "other", "tokens");
            scene.until_refused();
            // The host that comes next finds the other one.
            scene.kill_host();
            scene.until_refused();
            rename(scene, "tokens", "other");
            rename(scene, "away", "tokens");
            scene.gone();
            assert!(other.exists());
        }),
        Kind::new(Group::Tokens, "a second token with the label, at a start", |scene| {
            let other = another(&scene.site.rig);
            let beside = scene.site.rig.at("tokens").join(other.file_name().unwrap());
            fs::rename(&other, &beside).unwrap();
            scene.kill_host();
            scene.until_refused();
            fs::rename(&beside, &other).unwrap();
            scene.gone();
        }),
        Kind::new(Group::Tokens, "a token with fewer sessions than lanes", few_sessions),
        Kind::new(Group::Tokens, "no slot holds a token", |scene| {
            lasting(scene, Function::GetSlotList, Action::Length);
        }),
        Kind::new(Group::Tokens, "another serial number under the label", |scene| {
            lasting(scene, Function::GetTokenInfo, Action::OtherSerial);
        }),
    ]
}

/// One session for the login and one to sign in, of two lanes: half as many signatures at a time, and no failures.
fn few_sessions(scene: &mut Scene<'_>) {
    let code = CKR_SESSION_COUNT;
    let before = scene.site.faults().blows(Function::OpenSession);
    scene.site.faults().strike_after(2, Function::OpenSession, Action::Code, code, Times::Always);
    scene.kill_host();
    scene.site.faults().until_felt(Function::OpenSession, before, 1);
    scene.agent().await_tokens("ready");
    scene.callers.until_served(SOME);
    let refused = scene.callers.refused();
    scene.callers.until_served(MANY);
    assert_eq!(scene.callers.refused(), refused, "a lane without a session refused");
    scene.clear();
}

/// Until the token manager saw it, on its rounds.
fn lasting(scene: &Scene<'_>, function: Function, action: Action) {
    scene.site.faults().strike(function, action, 0, Times::Always);
    scene.agent().await_tokens("missing");
    scene.until_refused();
    scene.clear();
}

fn rename(scene: &Scene<'_>, from: &str, to: &str) {
    fs::rename(scene.site.rig.at(from), scene.site.rig.at(to)).unwrap();
}

/// Another token with the rig's label, made once; its folder.
fn another(rig: &Rig) -> PathBuf {
    let other = rig.at("other");
    if !other.exists() {
        fs::DirBuilder::new().mode(0o700).create(&other).unwrap();
        rig.private("softhsm2-other.conf", &format!("directories.tokendir = {}\n", other.display()));
        rig.init_token_with("softhsm2-other.conf");
    }
    fs::read_dir(&other).unwrap().next().unwrap().unwrap().path()
}
