//! New rules and tenants without a restart, and configurations that are refused, at the start and at a reload.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use tests::agent::{assertions, body};
use tests::rig::{CLIENT, TENANT, binary};
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

#[test]
fn a_reload_under_load_changes_the_tenants_and_drops_no_request() {
    const ROUNDS: usize = 20;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let load = Load::start(agent.socket(), 4);
    load.until_answered(20);
    for round in 0..ROUNDS {
        let tenant = format!("customer-{round}.example");
        assert_eq!(ask(&agent, &tenant), 403);
        tenants(&rig, &format!("{tenant},{CLIENT},"));
        match round % 2 {
            0 => agent.signal(Signal::HUP),
            _ => drop(agent.admin("POST", "/v1/reload", "").ok()),
        }
        until_true("the new tenant is served", || ask(&agent, &tenant) == 200);
        load.until_answered(5);
    }
    // The list is replaced, not added to.
    assert_eq!(ask(&agent, "customer-0.example"), 403);
    let took = load.stop();
    assert_eq!((&took.refused, took.broken), (&Default::default(), 0));
    rig.assert_recorded(&took.received);
}

#[test]
fn a_broken_new_file_is_named_with_its_line_and_the_old_one_stays_in_force() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let whole = rig.toml();
    let reload = || agent.admin("POST", "/v1/reload", "");

    tenants(&rig, "common,not-a-client-id,");
    assert_names(&reload().refused(422, "reload-refused").json(), &rig, "tenants.csv", 3);
    assert_eq!(ask(&agent, TENANT), 200);

    tenants(&rig, "");
    rig.private("kunci.toml", &whole.replace("connectors = [\"de\"]", "connectors = [\"nowhere\"]"));
    let line = line_of(&whole, "connectors = [\"de\"]");
    assert_names(&reload().refused(422, "reload-refused").json(), &rig, "kunci.toml", line);
    assert_eq!(ask(&agent, TENANT), 200);

    // Broken by signal: the log says so, and the front that is started again serves the old rules too.
    let before = agent.output().len();
    agent.signal(Signal::HUP);
    until_true("the log names the file", || agent.output()[before..].contains("kunci.toml"));
    tests::agent::kill(agent.front().unwrap(), Signal::KILL);
    until_true("the front is back", || agent.connection().send("GET", "/v1/health", b"").is_ok());
    agent.wait_ready();
    assert_eq!(ask(&agent, TENANT), 200);

    // What running processes cannot follow is refused as a whole.
    rig.private("kunci.toml", &whole.replace("rsa-2048", "rsa-3072"));
    let detail = reload().refused(422, "reload-refused").json();
    assert!(detail["detail"].as_str().unwrap().contains("needs a restart"), "{detail}");

    rig.private("kunci.toml", &whole.replace("[callers.rig]\nuser", "[callers.rig]\nrate = \"1/h\"\nuser"));
    assert_eq!(reload().ok().status, 204);
    assert_eq!([ask(&agent, TENANT), ask(&agent, TENANT)], [200, 429]);
    rig.private("kunci.toml", &whole);
    assert_eq!(reload().ok().status, 204);
    assert_eq!([ask(&agent, TENANT), ask(&agent, TENANT)], [200, 200]);
}

#[test]
fn a_tenants_file_that_is_edited_in_place_changes_nothing_before_a_reload_even_for_a_front_that_is_started_again()
 {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let edit = |rows: &str| {
        let text = format!("tenant,client_id,object_id\n{rows}\n");
        std::fs::write(rig.at("tenants.csv"), text).unwrap();
    };
    for rows in ["not a row".to_owned(), format!("fabrikam.example,{CLIENT},")] {
        edit(&rows);
        let killed = agent.front().unwrap();
        tests::agent::kill(killed, Signal::KILL);
        until_true("another front serves", || agent.front().is_some_and(|front| front != killed));
        agent.wait_ready();
        assert_eq!([ask(&agent, TENANT), ask(&agent, "fabrikam.example")], [200, 403], "after {rows}");
    }
    assert_eq!(agent.admin("POST", "/v1/reload", "").ok().status, 204);
    assert_eq!([ask(&agent, TENANT), ask(&agent, "fabrikam.example")], [403, 200]);
}

#[test]
fn a_configuration_that_would_not_hold_is_refused_by_check_and_at_the_start_with_file_and_line() {
    let rig = Rig::new();
    let whole = rig.toml();
    let cases = [
        ("a lifetime too long", "region = ", "lifetime = \"11m\"\nregion = ", "lifetime"),
        (
            "an EC key for Entra",
            "key = \"rsa-2048\"\nalgorithm = \"PS256\"",
            "key = \"p-256\"\nalgorithm = \"ES256\"",
            "key",
        ),
        ("RSA keys for ES256", "algorithm = \"PS256\"", "algorithm = \"ES256\"", "algorithm"),
        ("a PIN in the text", "pin = { file", "pin = \"1234\"\n#", "pin"),
        ("an unknown field", "lanes = ", "lane = ", "lane"),
        (
            "a user that is not there",
            "[callers.rig]\nuser = ",
            "[callers.rig]\nuser = \"nobody-by-this-name\"\n#",
            "user",
        ),
    ];
    for (what, from, to, field) in cases {
        let text = whole.replacen(from, to, 1);
        assert_ne!(text, whole, "{what}");
        rig.private("kunci.toml", &text);
        let start =
            Command::new(binary("kunci-agent")).arg("--config").arg(rig.at("kunci.toml")).output().unwrap();
        assert_eq!(start.status.code(), Some(2), "{what}: {start:?}");
        let mut said = vec![String::from_utf8(start.stderr).unwrap()];
        // Names of users are looked up where the agent runs, not where a configuration is checked.
        if field != "user" {
            let check = rig.kunci(&["config", "check"]);
            assert_eq!(check.status.code(), Some(2), "{what}: {check:?}");
            said.push(String::from_utf8(check.stderr).unwrap());
        }
        let place = format!("{}:{}:", rig.at("kunci.toml").display(), line_of(&text, &format!("{field} = ")));
        for said in said {
            assert!(said.contains(&place) && said.contains("help: "), "{what}, at {place}: {said}");
        }
    }
    rig.write();
    rig.kunci_ok(&["config", "check"]);
}

#[test]
fn a_reload_of_100_000_tenants_under_load_takes_the_front_less_memory_than_one_table_of_them() {
    const ROWS: usize = 100_000;
    const ROW_KIB: usize = 51 * ROWS / 1024;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let front = agent.front().unwrap();
    let load = Load::start(agent.socket(), 4);
    load.until_answered(20);
    let (before, held) = (most_memory_kib(front), tables(front));
    assert_eq!(held.len(), 1, "one connector, one table: {held:?}");
    for round in 0..3 {
        let row = |n: usize| format!("{n:08x}-000{round}-4000-8000-000000000000,{CLIENT},\n");
        tenants(&rig, &(0..ROWS).map(row).collect::<String>());
        agent.signal(Signal::HUP);
        let tenant = format!("00000001-000{round}-4000-8000-000000000000");
        until_true("the new tenants are served", || ask(&agent, &tenant) == 200);
        load.until_answered(5);
        let grown = most_memory_kib(front) - before;
        assert!(grown < ROW_KIB, "round {round}: the front took {grown} KiB for {ROW_KIB} KiB of rows");
    }
    until_true("the front holds the new table alone", || {
        let now = tables(front);
        now.len() == 1 && now != held
    });
    let took = load.stop();
    assert_eq!((&took.refused, took.broken), (&Default::default(), 0));
}

/// One more row after the rig's own.
fn tenants(rig: &Rig, row: &str) {
    rig.private("tenants.csv", &format!("tenant,client_id,object_id\n{TENANT},{CLIENT},\n{row}\n"));
}

fn ask(agent: &Agent, tenant: &str) -> u16 {
    agent.call("POST", &assertions("de"), &body(tenant, CLIENT)).status
}

fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.starts_with(start)).unwrap() + 1
}

#[track_caller]
fn assert_names(problem: &serde_json::Value, rig: &Rig, file: &str, line: usize) {
    let detail = problem["detail"].as_str().unwrap();
    let place = format!("{}:{line}:", rig.at(file).display());
    assert!(detail.contains(&place), "{place} is not in {detail}");
}

/// The most memory that a process ever had resident.
fn most_memory_kib(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    most.unwrap().parse().unwrap()
}

/// The files in memory that a process holds, by inode.
fn tables(pid: u32) -> Vec<u64> {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let is_table =
        |path: &Path| std::fs::read_link(path).is_ok_and(|to| to.starts_with("/memfd:kunci (deleted)"));
    let held = open.map(|entry| entry.path()).filter(|path| is_table(path));
    held.map(|path| std::fs::metadata(path).unwrap().ino()).collect()
}

#[test]
fn the_agents_own_user_asks_for_a_reload_without_a_rule_and_hears_what_came_of_it() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let socket = std::fs::metadata(rig.at("reload-admin.sock")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&socket.permissions()) & 0o777, 0o600);
    let reload = || {
        let mut command = std::process::Command::new(tests::rig::binary("kunci-agent"));
        let output = command.arg("--config").arg(rig.at("kunci.toml")).arg("reload").output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let sound = rig.toml();
    // No admin has any verb any more.
    rig.private("kunci.toml", sound.split("[admins").next().unwrap());
    assert_eq!(reload(), (0, String::new()));
    assert_eq!(agent.admin("POST", "/v1/reload", "").status, 403);
    let refused = [
        ("[agent", "this is not TOML"),
        (&sound.replace("[ledger]", "[ledger]\ncheckpoint = 1"), "checkpoint"),
        (&sound.replace("deadline = \"10s\"", "deadline = \"9s\""), "needs a restart: [tokens] changed"),
    ];
    for (text, why) in refused {
        rig.private("kunci.toml", text);
        let (code, said) = reload();
        assert!(code == 2 && said.contains(why), "{code}: {said}");
        assert_eq!(agent.admin("POST", "/v1/reload", "").status, 403, "what was in force is in force");
    }
    rig.private("kunci.toml", &sound);
    assert_eq!(reload(), (0, String::new()));
    agent.admin("POST", "/v1/reload", "").ok();
    assert!(agent.stop().success());
    let (code, said) = reload();
    assert!(code == 3 && said.contains("no agent can be asked"), "{code}: {said}");
}
