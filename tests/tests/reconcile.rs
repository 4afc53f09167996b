//! `kunci log reconcile` against a world that was made by somebody who does not know how it tells things apart: services that
//! ask, keep and share assertions, exports of five kinds, and thieves (tests/signins/generate.py).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tests::rig::binary;

/// What may be found of each kind of thief, any of it.
const TRACES: [(&str, &[&str]); 8] = [
    ("quiet", &["unexplained", "outside", "too-many"]),
    ("hidden", &["unexplained", "outside"]),
    ("denied", &["unexplained", "outside"]),
    ("crowd", &["too-many"]),
    ("flood", &["too-many"]),
    ("carried", &["outside"]),
    ("retired", &["retired-key", "outside"]),
    ("secret", &["other-credential"]),
];

struct World(TempDir);

impl World {
    fn made(options: &[&str]) -> Self {
        let world = Self(tempfile::Builder::new().prefix("kunci-signins-").tempdir().unwrap());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("signins/generate.py");
        let sizes = ["--tenants", "140", "--rows", "9000", "--days", "10", "--files", "2"];
        let mut command = Command::new("python3");
        let made = command.arg(script).arg(world.at("world")).args(sizes).args(options).output();
        let made = made.expect("python3 is missing: apt-get install python3");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs it over all logs and exports.
    fn reconciled(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary("kunci"));
        command.args(["log", "reconcile"]).arg(self.at("world/signins")).args(arguments);
        for log in fs::read_dir(self.at("world/logs")).unwrap() {
            command.arg("--log").arg(log.unwrap().path());
        }
        command.env_clear().output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.reconciled(&[&["--json"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}")))
    }

    fn robbed(&self) -> Vec<Value> {
        let truth: Value = serde_json::from_slice(&fs::read(self.at("world/truth.json")).unwrap()).unwrap();
        truth["robbed"].as_array().unwrap().clone()
    }
}

/// What was found in each tenant: kinds, and how many sign-ins of each.
fn found(report: &Value) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut found: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let text = |name: &str| finding[name].as_str().unwrap().to_owned();
        *found.entry(text("tenant")).or_default().entry(text("kind")).or_default() +=
            finding["sign_ins"].as_u64().unwrap();
    }
    found
}

#[test]
fn every_theft_is_found_and_nobody_else_is_accused() {
    for seed in ["1", "2"] {
        let world = World::made(&["--seed", seed]);
        let networks = world.at("world/networks.txt");
        let (code, report) = world.json(&["--egress", networks.to_str().unwrap()]);
        assert_eq!((code, &report["explained"]), (Some(1), &Value::Bool(false)));
        let mut found = found(&report);
        for theft in world.robbed() {
            let (tenant, how) = (theft["tenant"].as_str().unwrap(), theft["how"].as_str().unwrap());
            let traces = TRACES.iter().find(|(name, _)| *name == how).unwrap().1;
            let kinds = found.remove(tenant).unwrap_or_else(|| panic!("seed {seed}: missed: {theft}"));
            let strange: BTreeSet<_> = kinds.keys().filter(|kind| !traces.contains(&kind.as_str())).collect();
            assert!(strange.is_empty(), "seed {seed}: {theft}: {kinds:?}");
            // Of a flood, and of a crowd, some hide behind assertions that nobody used.
            let stolen = theft["sign_ins"].as_u64().unwrap();
            let most = kinds.values().max().copied().unwrap();
            let hidden = if matches!(how, "crowd" | "flood") { stolen / 2 } else { 0 };
            assert!((stolen - hidden..=stolen).contains(&most), "seed {seed}: {theft}: {kinds:?}");
        }
        assert!(found.is_empty(), "seed {seed}: false alarms: {found:?}");
    }
}

#[test]
fn where_nobody_was_robbed_everything_is_explained() {
    let world = World::made(&["--seed", "3", "--honest"]);
    let networks = world.at("world/networks.txt");
    let output = world.reconciled(&["--egress", networks.to_str().unwrap()]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{page}{}", String::from_utf8_lossy(&output.stderr));
    assert!(page.starts_with("EXPLAINED: all "), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80 || line.contains("/signins/")), "{page}");
}
