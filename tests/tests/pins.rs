//! A PIN that is wrong is tried once, ever; one that others could read is not tried; no PIN shows anywhere.
//!
//! How often C_Login was called is counted by OpenSC's spy between the agent and SoftHSM2, not by the agent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use cryptoki_sys::CKR_PIN_INVALID;
use rustix::process::Signal;
use serde_json::Value;
use tests::agent::kill;
use tests::faults::{Action, Faults, Function, Times};
use tests::rig::{PIN, SO_PIN, softhsm};
use tests::wait::until_true;
use tests::{Agent, Rig};

/// What a person runs to type a PIN.
const UNLOCK: [&str; 3] = ["token", "unlock", "soft"];

/// How often the agent is started with a wrong PIN.
const STARTS: usize = 50;
const WRONG: &str = "not-the-rigs-pin";

#[test]
fn a_wrong_pin_is_tried_once_in_fifty_starts_and_never_again_until_an_operator_says_so_and_the_file_is_another()
 {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    rig.private("pin", WRONG);
    for start in 0..STARTS {
        let agent = rig.spawn();
        agent.await_tokens("latched");
        agent.assertion("de").refused(503, "token-unavailable");
        match start % 3 {
            0 => assert!(agent.stop().success()),
            1 => drop(agent),
            _ => latched_again_after_the_host_died(&agent),
        }
    }
    assert_eq!(rig.calls("C_Login"), 1);

    // The operator's word alone does not have the same file tried again, however often it is given.
    for _ in 0..3 {
        let agent = rig.spawn();
        agent.await_tokens("latched");
        rig.kunci_ok(&["token", "unlatch", "soft"]);
        until_true("the host asked again", || agent.detail().contains("this very file"));
        agent.await_tokens("latched");
        assert!(agent.stop().success());
    }
    assert_eq!(rig.calls("C_Login"), 1);

    // A file with the right PIN is tried, without a restart and without another word.
    let agent = rig.spawn();
    agent.await_tokens("latched");
    rig.private("pin", PIN);
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 2);
}

#[test]
fn the_right_pin_alone_does_not_open_a_latch() {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    rig.private("pin", WRONG);
    let agent = rig.spawn();
    agent.await_tokens("latched");
    rig.private("pin", PIN);
    // The supervisor sees the new file's attempt after the latch; a restart asks at once.
    assert!(agent.stop().success());
    let agent = rig.spawn();
    agent.await_tokens("latched");
    assert_eq!(rig.calls("C_Login"), 1);
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 2);
}

#[test]
fn a_pin_that_others_could_read_or_own_is_not_tried_until_it_is_the_agents_alone() {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    let pin = rig.at("pin");
    let mode = |mode| fs::set_permissions(&pin, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o640);
    let agent = rig.spawn();
    agent.await_tokens("no-pin");
    assert!(agent.detail().contains("chmod"), "{}", agent.detail());
    agent.assertion("de").refused(503, "token-unavailable");
    mode(0o600);
    agent.wait_ready();
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    assert_eq!(rig.calls("C_Login"), 1);

    assert!(rustix::process::geteuid().is_root(), "this test gives a file to another user: run it as root");
    chown(&pin, Some(65534), None).unwrap();
    let agent = rig.spawn();
    agent.await_tokens("no-pin");
    assert!(agent.detail().contains("chown"), "{}", agent.detail());
    chown(&pin, Some(0), None).unwrap();
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 2);
}

/// The host looks at the folders from inside its sandbox.
#[test]
fn a_pin_in_a_folder_that_others_can_write_is_not_tried_until_the_folder_is_mended() {
    let rig = Rig::bare().provisioned().spied();
    let folder = rig.at("pins");
    fs::create_dir(&folder).unwrap();
    rig.private("pins/pin", PIN);
    let rig = rig.pin_source(&format!("{{ file = {:?} }}", folder.join("pin")));
    rig.write();
    let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    let agent = rig.spawn();
    agent.await_tokens("no-pin");
    let told = agent.detail();
    assert!(told.contains(&format!("its folder {} has mode 0777", folder.display())), "{told}");
    assert!(told.contains("chmod go-w"), "{told}");
    assert_eq!(rig.calls("C_Login"), 0);
    // As it says.
    mode(0o755);
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 1);
}

/// What is in the file is no PIN as it was meant: Windows editors begin it with U+FEFF or save UTF-16, and somebody noted
/// something below it.
#[test]
fn a_pin_file_that_an_editor_spoilt_is_refused_by_name_and_spends_no_try() {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    fs::remove_dir_all(rig.at("state/latch")).unwrap();
    let utf16: String = PIN.chars().flat_map(|letter| [letter, '\0']).collect();
    let spoilt = [
        (format!("\u{feff}{PIN}\n"), "byte order mark"),
        (utf16, "UTF-16"),
        (format!("{PIN}\nof the token in Frankfurt\n"), "more than one line"),
        ("\n".to_owned(), "is empty"),
    ];
    rig.private("pin", &spoilt[0].0);
    let agent = rig.spawn();
    for (text, why) in &spoilt {
        rig.private("pin", text);
        until_true(why, || agent.detail().contains(why));
        assert!(agent.detail().contains(rig.at("pin").to_str().unwrap()), "{}", agent.detail());
        agent.await_tokens("no-pin");
    }
    assert_eq!(rig.calls("C_Login"), 0);
    // One line that ends as Windows ends it is one.
    rig.private("pin", &format!("{PIN}\r\n"));
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 1);
}

#[test]
fn a_token_is_not_initialised_with_pins_that_it_would_not_take() {
    let rig = Rig::bare().spied();
    rig.write();
    for (file, text, right, why) in [
        ("pin", "123", PIN, "the user's PIN"),
        ("pin", "\u{feff}123456", PIN, "byte order mark"),
        ("so-pin", "1", SO_PIN, "the security officer's PIN"),
        ("so-pin", "12345678\n12345678\n", SO_PIN, "more than one line"),
    ] {
        rig.private(file, text);
        let refused = rig.kunci(&["token", "init", "soft"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains(why) && said.contains("token soft"), "{said}");
        rig.private(file, right);
    }
    assert_eq!((rig.calls("C_InitToken"), rig.calls("C_Login")), (0, 0));
    rig.kunci_ok(&["token", "init", "soft"]);
    rig.kunci_ok(&["provision", "--all"]);
    rig.start().assertion("de").ok();
}

/// As a cut between C_InitToken and C_InitPIN leaves it.
#[test]
fn a_token_without_its_users_pin_names_the_remedy_which_goes_on_where_it_stopped() {
    let rig = Rig::bare();
    let mut command = Command::new("pkcs11-tool");
    command.arg("--module").arg(softhsm()).args(["--init-token", "--label", "rig", "--so-pin", SO_PIN]);
    assert!(command.env("SOFTHSM2_CONF", rig.at("softhsm2.conf")).output().unwrap().status.success());
    let rig = rig.spied();
    rig.write();
    let refused = rig.kunci(&["provision", "de"]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(rig.calls("C_Login"), 0, "nothing is tried on a token without a user's PIN");
    // One try of the officer's PIN, by the rule of the latch, also where it is wrong; and it is not called blank.
    rig.private("so-pin", "not-the-officers");
    for _ in 0..2 {
        let refused = rig.kunci(&["--json", "token", "init", "soft"]);
        let problem: Value =
            serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
        assert_eq!(
            (refused.status.code(), &problem["code"]),
            (Some(1), &"init-unfinished".into()),
            "{problem}"
        );
        assert!(
            problem["detail"].as_str().unwrap().contains("the security officer's PIN is latched"),
            "{problem}"
        );
    }
    assert_eq!(rig.calls("C_Login"), 1);
    rig.private("so-pin", SO_PIN);
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    let heeded = rig.heed(&said, &["token", "init", "soft"]);
    assert!(heeded.status.success(), "{heeded:?}");
    assert_eq!(rig.calls("C_InitToken"), 0);
    rig.kunci_ok(&["provision", "--all"]);
    rig.start().assertion("de").ok();
}

/// What C_InitToken did nothing takes back, so it is not told as if nothing had been done.
#[test]
fn a_token_that_refuses_its_users_pin_is_told_as_half_made_and_is_finished_as_it_says() {
    let rig = Rig::bare().with_faults();
    rig.write();
    let faults = Faults::of(&rig);
    faults.strike(Function::InitPIN, Action::Code, CKR_PIN_INVALID, Times::N(1));
    let refused = rig.kunci(&["--json", "token", "init", "soft"]);
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"init-unfinished".into()), "{problem}");
    let said = format!("{problem}");
    assert!(said.contains("has its label and no user's PIN yet") && said.contains("PinInvalid"), "{said}");
    assert_eq!(faults.calls(Function::InitToken), 1);
    let heeded = rig.heed(&said, &["token", "init", "soft"]);
    assert!(heeded.status.success(), "{heeded:?}");
    assert_eq!(faults.calls(Function::InitToken), 1, "it goes on");
    rig.kunci_ok(&["provision", "--all"]);
    rig.start().assertion("de").ok();
}

#[test]
fn what_is_typed_is_one_line_of_text_or_it_is_not_tried() {
    let rig = Rig::bare().provisioned().spied().pin_source("{ prompt = true }");
    rig.write();
    let agent = rig.spawn();
    agent.await_tokens("locked");
    let marked = rig.typed(&UNLOCK, &format!("\u{feff}{PIN}"));
    assert_eq!(marked.status.code(), Some(1), "{marked:?}");
    assert!(String::from_utf8_lossy(&marked.stderr).contains("byte order mark"), "{marked:?}");
    let lines = rig.typed(&UNLOCK, &format!("{PIN}\nand what it is for"));
    assert_eq!(lines.status.code(), Some(2), "{lines:?}");
    assert_eq!(rig.calls("C_Login"), 0);
    agent.await_tokens("locked");
    assert!(rig.typed(&UNLOCK, PIN).status.success());
    agent.wait_ready();
}

#[test]
fn a_typed_pin_unlocks_once_and_a_wrong_one_latches() {
    let rig = Rig::bare().provisioned().spied().pin_source("{ prompt = true }");
    rig.write();
    let agent = rig.spawn();
    agent.await_tokens("locked");
    agent.assertion("de").refused(503, "token-unavailable");
    let refused = rig.typed(&UNLOCK, WRONG);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    agent.await_tokens("latched");
    let latched = rig.typed(&UNLOCK, PIN);
    assert_eq!(latched.status.code(), Some(1), "{latched:?}");
    assert_eq!(rig.calls("C_Login"), 1);

    rig.kunci_ok(&["token", "unlatch", "soft"]);
    agent.await_tokens("locked");
    assert!(rig.typed(&UNLOCK, PIN).status.success());
    agent.wait_ready();
    agent.assertion("de").ok();
    // What a person typed is gone with the process that it was typed for.
    agent.hosts().into_iter().for_each(|host| kill(host, Signal::KILL));
    agent.await_tokens("locked");
    assert!(rig.typed(&UNLOCK, PIN).status.success());
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 3);
}

#[test]
fn no_pin_shows_in_any_output_argument_environment_or_file_but_its_own() {
    let rig = Rig::bare().provisioned();
    let agent = rig.spawn_with(|command| command.env("KUNCI_LOG", "trace"));
    agent.wait_ready();
    agent.assertion("de").ok();
    let processes = [vec![agent.pid()], agent.front().into_iter().collect(), agent.hosts()].concat();
    assert_eq!(processes.len(), 3);
    for pid in processes {
        for file in ["cmdline", "environ"] {
            let path = format!("/proc/{pid}/{file}");
            assert_silent(Path::new(&path), PIN);
        }
    }
    rig.kunci_ok(&["--json", "token", "check", "soft"]);
    // And one that is refused, which is when errors talk.
    assert!(agent.stop().success());
    rig.private("pin", WRONG);
    let agent = rig.spawn_with(|command| command.env("KUNCI_LOG", "trace"));
    agent.await_tokens("latched");
    rig.kunci_ok(&["token", "list"]);
    assert!(agent.output().contains("TRACE") || agent.output().contains("DEBUG"));
    for pin in [PIN, WRONG] {
        assert_silent(&rig.at("agent.log"), pin);
        assert_silent(&rig.at("state"), pin);
    }
}

fn latched_again_after_the_host_died(agent: &Agent) {
    let host = agent.hosts()[0];
    kill(host, Signal::KILL);
    until_true("another host is there", || agent.hosts().iter().any(|other| *other != host));
    agent.await_tokens("latched");
}

/// A file, or every file below a folder, does not hold the text.
#[track_caller]
fn assert_silent(path: &Path, text: &str) {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().for_each(|entry| assert_silent(&entry.unwrap().path(), text));
    }
    let bytes = fs::read(path).unwrap();
    let holds = bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds, "{} holds a PIN", path.display());
}
