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

/// In the outer run: runs the test that it stands in once more inside, with a YubiKey of each model, and returns. In the
/// inner run: the [`Stage`].
#[macro_export]
macro_rules! stage {
    ($($model:expr),+) => {{
        fn here() {}
        match $crate::stage::enter(std::any::type_name_of_val(&here), &[$($model),+]) {
            Some(stage) => stage,
            None => return,
        }
    }};
}

/// See [`stage!`]; `here` is the path of a function in the test.
#[track_caller]
pub fn enter(here: &str, models: &[Model]) -> Option<Stage> {
    if let (Some(folders), Some(root)) = (env::var_os(CARDS), env::var_os(ROOT)) {
        let keys = env::split_paths(&folders).zip(models);
        let keys = keys.map(|(folder, model)| YubiKey::of_another(folder, *model)).collect();
        return Some(Stage { keys, root: root.into() });
    }
    let (_crate_name, path) = here.split_once("::").unwrap();
    let (test, _here) = path.rsplit_once("::").unwrap();
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
