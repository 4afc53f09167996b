//! Remedies done as they are printed, on a real installation: each mends what it speaks of, and none loses anything.
//!
//! More of them are done where their fault is tested: `pins.rs` (token init that goes on), `adopt.rs` (adopting), and
//! `tokens.rs` (a blank token).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

use tests::caller::STRANGER;
use tests::remedy::commands;
use tests::rig::{PIN, binary};
use tests::{Agent, Rig};

/// What is known about the logins to a token.
type Record = serde_json::Map<String, serde_json::Value>;

/// Neither the agent's user nor root.
const SOMEBODY: u32 = 61_234;

/// The agent is stopped, and somebody runs a command as root meanwhile.
#[test]
fn a_stopped_agents_state_is_not_taken_from_its_user() {
    let rules = "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"init\", \"provision\"]\n";
    let stranger = format!("[admins.agent]\nuser = \"{STRANGER}\"\nmay = [\"check\"]\n");
    let rig = Rig::bare().rules(&format!("{rules}{stranger}")).provisioned();
    rig.give_to(STRANGER);
    // As in /etc/kunci: a folder of root's, and files that the agent's user was given.
    let etc = tempfile::tempdir().unwrap();
    fs::set_permissions(etc.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for file in ["kunci.toml", "tenants.csv"] {
        fs::copy(rig.at(file), etc.path().join(file)).unwrap();
        chown(etc.path().join(file), Some(STRANGER), None).unwrap();
    }
    let config = etc.path().join("kunci.toml");
    let kunci = |arguments: &[&str]| {
        Command::new(binary("kunci")).arg("--config").arg(&config).args(arguments).output().unwrap()
    };
    // First it is the configuration that root finds to be another's; then the agent of its user still reads it.
    for (file, before, after) in [("kunci.toml", 0o644, 0o644), ("tenants.csv", 0o600, 0o640)] {
        let path = etc.path().join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
        let refused = kunci(&["config", "check"]);
        let said = String::from_utf8(refused.stdout).unwrap() + &String::from_utf8(refused.stderr).unwrap();
        let remedy = said.lines().find_map(|line| line.trim().strip_prefix("help: ")).unwrap();
        assert!(remedy.contains(file), "{said}");
        let remedy = remedy.split('`').nth(1).unwrap().replace("GROUP", &STRANGER.to_string());
        assert!(Command::new("sh").args(["-c", &remedy]).status().unwrap().success(), "{remedy}");
        let mode = fs::metadata(&path).unwrap().mode() & 0o7777;
        assert_eq!(mode, after, "nobody else begins to read it: {remedy}");
    }
    let refused = kunci(&["token", "list"]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!said.contains("chown"), "{said}");
    let remedy = said.split("setpriv ").nth(1).unwrap_or_else(|| panic!("{said}")).split('`').next().unwrap();
    let mut command = Command::new("setpriv");
    command.args(remedy.split(' ')).arg(binary("kunci")).arg("--config").arg(&config);
    let heeded = command.args(["token", "list"]).output().unwrap();
    assert!(heeded.status.success(), "setpriv {remedy}: {heeded:?}");
    for file in ["state", "state/log", "state/lock", "state/certificates"] {
        assert_eq!(fs::metadata(rig.at(file)).unwrap().uid(), STRANGER, "{file}");
    }
    let agent = as_stranger(&rig);
    agent.wait_ready();
}

#[test]
fn a_pin_file_that_the_agent_may_not_use_is_mended_as_the_token_says() {
    let rig = Rig::bare().provisioned();
    rig.give_to(STRANGER);
    let pin = rig.at("pin");
    chown(&pin, Some(SOMEBODY), None).unwrap();
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o644)).unwrap();
    let agent = as_stranger(&rig);
    for program in ["chown", "chmod"] {
        agent.await_tokens("no-pin");
        let detail = tests::wait::until(program, || {
            let detail = agent.detail();
            detail.contains(program).then_some(detail)
        });
        let remedy = detail[detail.find(program).unwrap()..].split('`').next().unwrap();
        let done = Command::new("sh").args(["-c", remedy]).status().unwrap();
        assert!(done.success(), "{remedy}");
    }
    agent.wait_ready();
}

#[test]
fn a_latched_token_is_opened_as_it_says() {
    let rig = Rig::bare().provisioned();
    rig.private("pin", "not-the-rigs-pin");
    let agent = rig.spawn();
    agent.await_tokens("latched");
    let refused = rig.kunci(&["token", "check", "soft"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    rig.private("pin", PIN);
    let heeded = rig.heed(&said, &["token", "unlatch", "soft"]);
    assert!(heeded.status.success(), "{said}: {heeded:?}");
    agent.wait_ready();
}

#[test]
fn a_locked_token_is_unlocked_as_it_says() {
    let rig = Rig::bare().provisioned().pin_source("{ prompt = true }");
    rig.write();
    let agent = rig.spawn();
    agent.await_tokens("locked");
    let refused = rig.kunci(&["provision", "de"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    for words in [said, rig.kunci_ok(&["token", "list"])] {
        let words = commands(&words).into_iter().find(|words| words.starts_with(&["token".to_owned()]));
        assert_eq!(words.unwrap(), ["token", "unlock", "soft"]);
    }
    assert!(rig.typed(&["token", "unlock", "soft"], PIN).status.success());
    agent.wait_ready();
}

/// As the mend says: another key under a connector of its own, and the exception until customers have that one.
#[test]
fn a_pinned_key_with_a_flaw_signs_on_while_it_is_rolled_as_its_mend_says() {
    let rig = Rig::new();
    rig.kunci_ok(&["token", "init", "soft"]);
    let id = "07".repeat(16);
    let made = ["--keypairgen", "--key-type", "rsa:2048", "--label", "kunci:de", "--id", &id, "--usage-sign"];
    rig.pkcs11_tool(&made);
    let flaws =
        ["modifiable", "copyable", "not-sensitive", "extractable", "once-readable", "once-extractable"];
    let checked = rig.kunci(&["--json", "token", "check", "soft"]);
    let checked: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let found = checked["keys"][0]["findings"].as_array().unwrap();
    let codes: Vec<_> = found.iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert!(codes.iter().any(|code| flaws.contains(code)), "{codes:?}");
    rig.except(&codes);
    let digest = checked["keys"][0]["spki_sha256"].as_str().unwrap();
    rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", digest, "--new-certificate"]);
    let certificate = rig.kunci_ok(&["cert", "de"]);

    // Somebody takes the exception out, and reads what the check says.
    rig.write();
    let page = String::from_utf8(rig.kunci(&["token", "check", "soft"]).stdout).unwrap();
    assert!(page.contains("under a connector of its own") && page.contains("name the exception"), "{page}");
    assert!(!page.contains("destroy"), "{page}");
    let rig = rig.connector("de-2027", "rsa-2048", "PS256");
    rig.except(&codes);
    rig.kunci_ok(&["provision", "de-2027"]);
    let agent = rig.start();
    agent.assertion("de").ok();
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificate);
    let signs = |one: &serde_json::Value| one["ready"] == true;
    assert!(agent.connectors().iter().all(signs), "{:?}", agent.connectors());
}

/// What an agent knew before it noted when a token last took its PIN.
const FIELDS: [&str; 7] = ["serial", "token", "accepted", "last", "spent", "number", "blank"];

/// docs/how-to/back-up-and-restore.md, as it stands there.
#[test]
fn the_records_of_logins_are_made_fit_for_an_older_agent_and_forget_no_refused_pin() {
    let rig = Rig::bare().provisioned();
    let latch = rig.at("state/latch");
    let read = || -> BTreeMap<PathBuf, Record> {
        let files = fs::read_dir(&latch).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.clone(), serde_json::from_slice(&fs::read(path).unwrap()).unwrap())).collect()
    };
    assert!(rig.start().stop().success());
    rig.private("pin", "not-the-rigs-pin");
    rig.spawn().await_tokens("latched");
    let mut before = read();
    // One is the slot's, which was blank; the other the token's own.
    assert_eq!(before.values_mut().filter_map(|record| record.remove("opened")).count(), 1, "{before:?}");

    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/how-to/back-up-and-restore.md");
    let page = fs::read_to_string(page).unwrap();
    let line = page.lines().find(|line| line.contains("sed -i")).unwrap();
    let line = line.replace("sudo -u kunci ", "").replace("/var/lib/kunci/latch", latch.to_str().unwrap());
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    assert_eq!(read(), before);
    assert!(
        before.values().flat_map(Record::keys).all(|field| FIELDS.contains(&field.as_str())),
        "{before:?}"
    );
    // This one reads it, too, and has not forgotten.
    rig.spawn().await_tokens("latched");
}

fn as_stranger(rig: &Rig) -> Agent {
    use std::os::unix::process::CommandExt;
    rig.spawn_with(|command| command.uid(STRANGER).gid(STRANGER))
}
