//! A test that is itself a client of pcscd: it runs once more as a program inside the namespaces.
//!
//! pcscd's clients find it by a fixed path, so the part of a test that speaks PC/SC has to run where that path is. The
//! outer run sets the stage and starts this very test inside; the inner run is handed the YubiKeys.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::Pcsc;
use crate::yubikey::{Model, YubiKey};

/// Where the inner run finds the cards' folders, and the root's certificate.
const CARDS: &str = "KUNCI_STAGE_CARDS";
const ROOT: &str = "KUNCI_STAGE_ROOT";

/// What the inner run is handed.
pub struct Stage {
    pub keys: Vec<YubiKey>,
    /// The certificate of the root that vouches for their attestation keys, in PEM.
    pub root: PathBuf,
}

/// In the outer run: runs the test of this name inside, with a YubiKey of each model, and answers nothing. In the inner
/// run: the stage.
#[track_caller]
pub fn enter(test: &str, models: &[Model]) -> Option<Stage> {
    if let (Some(folders), Some(root)) = (env::var_os(CARDS), env::var_os(ROOT)) {
        let keys = env::split_paths(&folders).zip(models);
        let keys = keys.map(|(folder, model)| YubiKey::of_another(folder, *model)).collect();
        return Some(Stage { keys, root: root.into() });
    }
    let pcsc = Pcsc::start();
    let keys: Vec<YubiKey> = models.iter().map(|model| pcsc.yubikey(*model)).collect();
    let folders = env::join_paths(keys.iter().map(YubiKey::folder)).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CARDS, folders).env(ROOT, pcsc.root());
    let output = pcsc.inside(&command).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = !output.status.success() || !said.contains("1 passed");
    assert!(!failed, "inside: {said}{}", String::from_utf8_lossy(&output.stderr));
    None
}
