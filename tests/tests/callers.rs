//! Who gets what: by rule alone, in the kernel's words alone, and root is not exempt.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use ledger::Kind;
use rustix::process::Signal;
use tests::agent::{assertions, body, kill, request};
use tests::caller::{NOBODY, STRANGER};
use tests::cgroup::Cgroups;
use tests::hand::pass;
use tests::rig::{CLIENT, TENANT};
use tests::wait::until;
use tests::{Agent, Caller, Rig};

const OTHER: &str = "northwind.example";

#[test]
fn a_caller_gets_exactly_the_connectors_tenants_and_client_ids_of_its_rule() {
    let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").rules(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\ntenants = [\"contoso.example\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n",
    );
    rig.private(
        "tenants.csv",
        &format!("tenant,client_id,object_id\n{TENANT},{CLIENT},\n{OTHER},{CLIENT},\n"),
    );
    let rig = rig.provisioned();
    let agent = rig.start();
    let ask = |connector: &str, tenant: &str, client: &str| {
        agent.call("POST", &assertions(connector), &body(tenant, client))
    };
    ask("de", TENANT, CLIENT).ok();
    // A connector that exists and one that does not are told apart by nobody who may not have either.
    let answers =
        ["uk", "xx"].map(|connector| ask(connector, TENANT, CLIENT).refused(403, "connector-not-granted"));
    assert_eq!(answers[0].body, answers[1].body);
    ask("de", OTHER, CLIENT).refused(403, "tenant-not-granted");
    ask("de", "fabrikam.example", CLIENT).refused(403, "tenant-not-granted");
    ask("de", TENANT, "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9aff").refused(403, "client-id-not-granted");
    ask("de", TENANT, CLIENT).ok();
}

/// What it connected as has a rule, and what it is now has one, too: neither counts.
#[test]
fn who_became_another_user_since_it_connected_is_told_so_and_gets_nothing() {
    let rig = Rig::bare().rules(&format!(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[callers.other]\nuser = \"{NOBODY}\"\nconnectors = [\"de\"]\n\
         [admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    let front = agent.front().unwrap();
    // While the front stands still, its callers wait in the socket's queue.
    kill(front, Signal::STOP);
    let mut command = Command::new(rig.caller());
    command.args(["--become", &NOBODY.to_string()]).arg(agent.socket());
    let mut caller = Caller::start(command);
    kill(front, Signal::CONT);
    caller.assertion("de").refused(403, "peer-changed");
    rig.caller_as(agent.socket(), NOBODY).assertion("de").ok();
}

#[test]
fn root_and_other_users_without_a_rule_get_nothing() {
    let rig = Rig::bare().rules(&format!(
        "[callers.other]\nuser = \"{NOBODY}\"\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    assert!(rustix::process::geteuid().is_root(), "this test is about root");
    agent.assertion("de").refused(403, "connector-not-granted");
    rig.caller_as(agent.socket(), STRANGER).assertion("de").refused(403, "connector-not-granted");
    let mut granted = rig.caller_as(agent.socket(), NOBODY);
    granted.assertion("de").ok();
    // What it may sees nothing of what others may.
    assert_eq!(granted.call("GET", "/v1/log/tile/entries/000.p/1", "").unwrap().status, 403);
    let mut stranger = rig.caller_as(agent.socket(), STRANGER);
    assert_eq!(stranger.call("GET", "/v1/connectors", "").unwrap().ok().body, b"[]");
    stranger.call("GET", "/v1/connectors/de/certificate", "").unwrap().refused(403, "connector-not-granted");
}

#[test]
fn all_that_a_rule_names_must_hold() {
    let rig = Rig::bare().rules(&format!(
        "[callers.both]\nuser = \"{STRANGER}\"\ngroup = \"{NOBODY}\"\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    let as_ids = |uid: u32, gid: u32, groups: &str| {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={uid}"), &format!("--regid={gid}"), groups]);
        command.arg(rig.caller()).arg(agent.socket());
        Caller::start(command).assertion("de").status
    };
    assert_eq!(as_ids(STRANGER, STRANGER, "--clear-groups"), 403);
    assert_eq!(as_ids(NOBODY, NOBODY, "--clear-groups"), 403);
    assert_eq!(as_ids(STRANGER, STRANGER, &format!("--groups={NOBODY}")), 200);
    assert_eq!(as_ids(STRANGER, NOBODY, "--clear-groups"), 200);
}

#[test]
fn a_connection_that_is_handed_to_another_process_is_closed() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let asking = request("POST", &assertions("de"), &body(TENANT, CLIENT));
    let mut ours = agent.connection();
    ours.send("POST", &assertions("de"), body(TENANT, CLIENT).as_bytes()).unwrap().ok();
    let before = rig.entries().len();
    assert_eq!(hand(ours.stream(), &asking), "", "the other process was answered");
    assert!(ours.send("GET", "/v1/health", b"").is_err(), "the connection is open still");
    // One request of two processes: the head is ours, the body is not. It is as good as cut off.
    let mut ours = agent.connection();
    let body_at = asking.len() - body(TENANT, CLIENT).len();
    ours.stream().write_all(&asking[..body_at]).unwrap();
    assert!(hand(ours.stream(), &asking[body_at..]).starts_with("HTTP/1.1 400 "));
    assert!(ours.send("GET", "/v1/health", b"").is_err(), "the connection is open still");
    assert_eq!(rig.entries().len(), before, "something was recorded for the other process");
    agent.assertion("de").ok();
}

#[test]
fn a_spent_rate_says_when_to_come_back_and_refills() {
    const RATE: usize = 5;
    let rig = Rig::bare().rules(&format!(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\nrate = \"{RATE}/s\"\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    let start = Instant::now();
    // On connections of their own: the rate is the rule's.
    let answers: Vec<_> = (0..20).map(|_| agent.assertion("de")).collect();
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    let refilled = usize::try_from(start.elapsed().as_secs()).unwrap().saturating_add(1) * RATE;
    assert!((RATE..=RATE + refilled).contains(&granted), "{granted} granted");
    let refused =
        answers.into_iter().find(|answer| answer.status != 200).unwrap().refused(429, "rate-exceeded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    until("the rule's bucket fills again", || (agent.assertion("de").status == 200).then_some(()));
}

#[test]
fn refusals_are_counted_in_few_entries_and_hold_nothing_that_a_caller_wrote() {
    const TIMES: u64 = 12;
    let rig = Rig::bare().rules(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n",
    );
    let rig = rig.provisioned();
    let agent = rig.start();
    for _ in 0..TIMES {
        agent
            .call("POST", &assertions("de"), &body("planted.example", CLIENT))
            .refused(403, "tenant-not-granted");
        agent
            .call("POST", &assertions("planted"), &body(TENANT, CLIENT))
            .refused(403, "connector-not-granted");
        agent
            .admin("POST", "/v1/connectors/de/freeze", r#"{"reason":"planted"}"#)
            .refused(403, "verb-not-granted");
    }
    assert!(agent.stop().success());
    let mut counted: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for entry in rig.entries().into_iter().filter(|entry| entry.kind == Kind::Refusal) {
        assert_eq!(entry.caller.unwrap().uid, rustix::process::geteuid().as_raw());
        counted.entry((entry.connector, entry.reason.unwrap())).or_default().push(entry.count.unwrap());
    }
    let keys: Vec<_> =
        counted.keys().map(|(connector, reason)| (connector.as_deref(), reason.as_str())).collect();
    let expected =
        [(None, "connector-not-granted"), (None, "verb-not-granted"), (Some("de"), "tenant-not-granted")];
    assert_eq!(keys, expected);
    for counts in counted.values() {
        // One at once, and one for the rest, at the stop.
        assert!(counts.len() <= 2 && counts.iter().sum::<u64>() == TIMES, "{counts:?}");
    }
    let planted = rig.entries().iter().any(|entry| format!("{entry:?}").contains("planted"));
    assert!(!planted, "a refused caller wrote into the log");
}

#[test]
fn a_rule_by_unit_holds_for_processes_directly_under_the_system_slice_only() {
    let rig = Rig::bare().rules(
        "[callers.iep]\nunit = \"kunci-test.service\"\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n",
    );
    let rig = rig.provisioned();
    let agent = rig.start();
    agent.assertion("de").refused(403, "connector-not-granted");
    let [meant, deeper] =
        ["", "system-kunci.slice/"].map(|slice| format!("system.slice/{slice}kunci-test.service"));
    let others = [
        "user.slice/kunci-test.service",
        "kunci.slice/system.slice/kunci-test.service",
        "system.slice/kunci-test2.service",
        "system.slice/other.service/kunci-test.service",
        // What a user may call the folders that systemd lets him make, where both hierarchies are in use.
        "user.slice/0::/system.slice/kunci-test.service",
        "user.slice/:name=systemd:/system.slice/kunci-test.service",
        "user.slice/x1:name=systemd:/system.slice/kunci-test.service",
    ];
    let mut cgroups = Cgroups::mount();
    let mut caller = cgroups.caller(&rig, agent.socket(), &meant);
    let index = caller.assertion("de").ok().json()["log_index"].as_u64().unwrap();
    let intent = rig.entries()[usize::try_from(index).unwrap()].clone();
    assert_eq!(intent.caller.unwrap().unit.as_deref(), Some("kunci-test.service"));
    cgroups.caller(&rig, agent.socket(), &deeper).assertion("de").ok();
    for other in others {
        let mut caller = cgroups.caller(&rig, agent.socket(), other);
        caller.assertion("de").refused(403, "connector-not-granted");
    }
}

/// With sub-gids of /etc/subgid a user can be in tens of thousands of groups, whose list is longer than what is read of it.
#[test]
fn a_group_is_never_the_beginning_of_a_longer_number_and_a_name_that_is_no_text_hides_no_group() {
    // What the number at the end of what is read begins with: the 9,330th or so of those below.
    const GROUP: u32 = 109;
    let rig = Rig::bare().rules(&format!(
        "[callers.group]\ngroup = \"{GROUP}\"\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    let program = rig.caller();
    // A copy of the program under this name, which is the process's name, in these groups.
    let caller = |name: &[u8], groups: &str| {
        let named = rig.at(".").join(OsStr::from_bytes(name));
        tests::program::copy(&program, &named);
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={STRANGER}"), &format!("--regid={STRANGER}"), "--groups", groups]);
        command.arg(named).arg(agent.socket());
        Caller::start(command)
    };
    let many = |count: u32| (0..count).map(|n| (100_000 + n).to_string()).collect::<Vec<_>>().join(",");
    // Seven names, each a byte longer, move the end of what is read through a whole number: 1, 10, 109, 1093…
    let told: Vec<_> = (1..=7)
        .map(|length| {
            let reply = caller(&vec![b'n'; length], &many(10_000)).assertion("de");
            let code = reply.json()["code"].as_str().map(str::to_owned);
            (reply.status, code)
        })
        .collect();
    assert!(told.iter().all(|told| *told == (403, Some("peer-unreadable".into()))), "{told:?}");
    caller(b"\xff", &GROUP.to_string()).assertion("de").ok();
    caller(b"Groups:", &format!("{GROUP},{}", many(8_000))).assertion("de").ok();
}

#[test]
fn a_rule_for_the_agents_own_user_is_warned_of() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let warned =
        |agent: &Agent| agent.output().matches("names the user that the agent itself runs as").count();
    agent.await_output("callers.rig names the user");
    assert_eq!(warned(&agent), 2);
    assert!(agent.stop().success());
    let rig = rig.rules("[callers.other]\nuser = \"64321\"\nconnectors = [\"de\"]\n[admins.other]\nuser = \"64321\"\nmay = [\"check\"]\n");
    rig.write();
    let agent = rig.spawn();
    assert_eq!(warned(&agent), 2, "the same log, with nothing more in it");
}

/// Hands a connection to another process by SCM_RIGHTS, which writes `bytes` on it; what it got back.
fn hand(connection: &UnixStream, bytes: &[u8]) -> String {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = Command::new(tests::caller::caller());
    command.arg("--handed").stdin(OwnedFd::from(theirs)).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(command);
    pass(&ours, connection);
    ours.write_all(bytes).unwrap();
    drop(ours);
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    assert!(child.wait().unwrap().success());
    answer
}
