//! What a connector needs to serve, as the installed programs tell it: whatever keeps a sign-in from succeeding has its code,
//! its names for those who may know them, and an exit code that is not 0.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use cryptoki_sys::CKR_DEVICE_ERROR;
use jiff::Timestamp;
use serde_json::Value;
use tests::caller::NOBODY;
use tests::faults::{Action, Faults, Function, Times};
use tests::openssl::issue;
use tests::wait::until_true;
use tests::{Agent, Rig};

/// How long a CA's certificates are good for here.
const DAYS: &str = "30";

#[test]
fn a_certificate_that_nobody_can_sign_in_with_is_refused_and_fails_by_name_where_it_is_forced() {
    let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").provisioned();
    let agent = rig.start();
    assert_eq!(health(&agent)["status"], "ok");
    request(&rig, "de", "de.csr");
    let (before, entries) = (thumbprint(&agent), rig.entries().len());
    for (name, day, code) in [
        ("old.pem", "2020-01-01 00:00:00", "certificate-expired"),
        ("new.pem", "2040-01-01 00:00:00", "certificate-not-yet-valid"),
    ] {
        issue(&rig, "de.csr", name, DAYS, Some(day));
        let refused = rig.kunci(&["--json", "cert", "install", "de", &path(&rig, name)]);
        let problem: Value = serde_json::from_slice(&refused.stderr).unwrap();
        assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &code.into()), "{problem}");
    }
    assert_eq!(
        (thumbprint(&agent), rig.entries().len()),
        (before.clone(), entries + 1),
        "nothing was changed"
    );

    let forced = rig.kunci(&["cert", "install", "--force", "de", &path(&rig, "new.pem")]);
    assert!(
        forced.status.success() && text(&forced.stderr).contains("FAILS certificate-not-yet-valid"),
        "{forced:?}"
    );
    assert_fails(&rig, &agent, "certificate-not-yet-valid", "2040-01-31");
    rig.kunci_ok(&["cert", "install", "de", "--force", &path(&rig, "old.pem")]);
    assert_fails(&rig, &agent, "certificate-expired", "2020-01-31");
    assert_ne!(thumbprint(&agent), before, "it signs on");
    assert!(rig.entries().iter().any(|entry| entry.state.as_deref() == Some("certified")));

    let shown = rig.kunci(&["cert", "de"]);
    assert!(text(&shown.stderr).contains("de on soft: FAILS certificate-expired"), "{shown:?}");

    // Told also while the token is away, since dates pass without it.
    assert!(agent.stop().success());
    fs::rename(rig.at("tokens"), rig.at("away")).unwrap();
    let agent = rig.spawn();
    let (exit, page) = status(&rig);
    assert_eq!(exit, Some(1), "{page}");
    for reason in ["BLOCKED token-unavailable: ", "FAILS certificate-expired: "] {
        assert!(page.contains(&format!("de on soft: {reason}")), "{page}");
    }
    // Told at the start, too, by name.
    assert!(agent.stop().success());
    fs::rename(rig.at("away"), rig.at("tokens")).unwrap();
    let agent = rig.start();
    until_true("the log of the start names it", || {
        agent.output().contains("de on soft FAILS: the certificate ended at")
    });
}

/// What is told of `de`, whose certificate is not good, beside `uk`, whose is.
#[track_caller]
fn assert_fails(rig: &Rig, agent: &Agent, code: &str, until: &str) {
    let (exit, page) = status(rig);
    assert_eq!(exit, Some(1), "{page}");
    assert!(page.contains(": degraded, 1 of 2 connectors serve\n"), "{page}");
    assert!(page.contains(&format!("de on soft: FAILS {code}: ")) && page.contains(until), "{page}");
    let connectors = agent.connectors();
    let of = |name: &str| connectors.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(
        (&of("de")["ready"], &of("de")["serves"], &of("uk")["serves"]),
        (&true.into(), &false.into(), &true.into())
    );
    assert!(of("de")["keys"][0]["not_after"].as_str().unwrap().starts_with(until), "{connectors:?}");
    let check = rig.kunci(&["token", "check", "soft"]);
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    assert!(text(&check.stdout).contains(&format!("FAILS {code}: ")), "{check:?}");

    let told = |health: &Value| {
        assert_eq!(
            (&health["status"], &health["connectors"], &health["serving"]),
            (&"degraded".into(), &2.into(), &1.into())
        );
        let [reason] = health["reasons"].as_array().unwrap().as_slice() else { panic!("{health}") };
        assert_eq!(
            (&reason["code"], &reason["weight"], &reason["count"]),
            (&code.into(), &"fails".into(), &1.into())
        );
        reason["names"].clone()
    };
    assert_eq!(told(&health(agent)), serde_json::json!(["de on soft"]));
    // Anyone may ask how it is, and is not told whom it concerns.
    let reply = rig.caller_as(agent.socket(), NOBODY).call("GET", "/v1/health", "").unwrap().ok();
    assert_eq!(told(&reply.json()), Value::Null);
    assert!(!reply.json().to_string().contains("de on"), "{reply:?}");
}

#[test]
fn a_configuration_that_the_key_does_not_fit_blocks_and_another_size_is_told() {
    let rig = Rig::bare().provisioned();
    let (exit, page) = check(&rig);
    assert!(exit == Some(0) && page.contains("kunci.toml\" is valid"), "{page}");
    let rig = rig.connector("de", "p-256", "ES256");
    rig.write();
    let (exit, page) = check(&rig);
    assert!(exit == Some(1) && !page.contains("is valid"), "{page}");
    assert!(
        page.contains("de on soft: BLOCKED key-kind: the key on soft is rsa-2048, which cannot make ES256"),
        "{page}"
    );
    let agent = rig.spawn();
    until_true("the key is judged", || agent.assertion("de").code() == "key-kind");
    agent.assertion("de").refused(503, "key-kind");
    let (exit, page) = status(&rig);
    assert_eq!(exit, Some(1), "{page}");
    assert!(page.contains("degraded, 0 of 1 connectors serve"), "{page}");
    assert!(
        page.contains("de on soft: BLOCKED key-kind: the key on soft is rsa-2048, which cannot make ES256"),
        "{page}"
    );
    let refused = rig.kunci(&["--json", "provision", "de"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert_eq!(serde_json::from_slice::<Value>(&refused.stderr).unwrap()["code"], "key-kind");
    assert!(agent.stop().success());

    let rig = rig.connector("de", "rsa-4096", "PS256");
    rig.write();
    let (exit, page) = check(&rig);
    assert!(exit == Some(0) && page.contains("de on soft: note key-size"), "{page}");
    let agent = rig.start();
    agent.assertion("de").ok();
    let (exit, page) = status(&rig);
    assert_eq!(exit, Some(0), "{page}");
    assert!(page.contains("de on soft: note key-size: the key on soft is rsa-2048 and signs on"), "{page}");
    assert_eq!(health(&agent)["status"], "ok");
    let again = rig.kunci(&["provision", "de"]);
    assert!(again.status.success() && text(&again.stdout).contains("de on soft: unchanged"), "{again:?}");
    assert!(text(&again.stderr).contains("note key-size: the key on soft is rsa-2048"), "{again:?}");
}

#[test]
fn what_is_configured_and_has_no_key_is_not_ok() {
    let rig = ["uk", "us"].iter().fold(Rig::bare(), |rig, name| rig.connector(name, "rsa-2048", "PS256"));
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    let agent = rig.spawn();
    until_true("the token is surveyed", || agent.assertion("de").code() == "unprovisioned");
    let (exit, page) = status(&rig);
    assert_eq!(exit, Some(1), "{page}");
    assert!(page.contains(": degraded, 0 of 3 connectors serve\n"), "{page}");
    for name in ["de", "uk", "us"] {
        assert!(page.contains(&format!("{name} on soft: BLOCKED unprovisioned: ")), "{page}");
    }
    assert_eq!(health(&agent)["reasons"][0]["count"], 3);
    // Made together, their certificates end on days of their own, within half a year: they are good for so many days.
    rig.kunci_ok(&["provision", "--all"]);
    let days = |one: &Value| {
        let date = |name: &str| one["keys"][0][name].as_str().unwrap().parse::<Timestamp>().unwrap();
        date("not_after").duration_since(date("not_before")).as_hours() / 24
    };
    assert_eq!(agent.connectors().iter().map(days).collect::<Vec<_>>(), [180, 179, 178]);
    assert_eq!(status(&rig).0, Some(0));
}

#[test]
fn a_token_that_fails_is_not_ok_until_it_signs_again() {
    let rig = Rig::bare().with_faults().provisioned();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    assert_eq!(status(&rig).0, Some(0));
    faults.strike(Function::Sign, Action::Code, CKR_DEVICE_ERROR, Times::Always);
    agent.assertion("de").refused(503, "token-unavailable");
    let (exit, page) = status(&rig);
    assert_eq!(exit, Some(1), "{page}");
    for name in ["token soft", "de on soft"] {
        assert!(page.contains(&format!("{name}: FAILS token-failing: ")), "{page}");
    }
    assert_eq!(rig.kunci(&["token", "check", "soft"]).status.code(), Some(1));
    faults.clear();
    assert_eq!(status(&rig).0, Some(1), "nobody knows yet that it signs");
    rig.kunci_ok(&["token", "check", "soft"]);
    assert_eq!(status(&rig).0, Some(0));
}

#[test]
fn a_log_that_begins_anew_beside_certificates_or_keys_is_said_aloud() {
    let rig = Rig::bare().provisioned();
    fs::rename(rig.at("state/log"), rig.at("log")).unwrap();
    // Beside certificates: at once, whether a token is there or not.
    fs::rename(rig.at("tokens"), rig.at("away")).unwrap();
    let agent = rig.spawn();
    assert_lost(&rig, &agent);
    assert!(agent.stop().success());
    // Beside keys: as soon as the token is there.
    fs::rename(rig.at("away"), rig.at("tokens")).unwrap();
    fs::rename(rig.at("state/certificates"), rig.at("certificates")).unwrap();
    fs::remove_dir_all(rig.at("state/log")).unwrap();
    let agent = rig.spawn();
    until_true("the key is seen", || agent.assertion("de").code() == "orphaned-key");
    assert_lost(&rig, &agent);
    assert!(agent.stop().success());
    // Beside the certificate of a key that is nowhere any more.
    fs::remove_dir_all(rig.at("state/certificates")).unwrap();
    fs::rename(rig.at("certificates"), rig.at("state/certificates")).unwrap();
    fs::remove_dir_all(rig.token_folder()).unwrap();
    rig.kunci_ok(&["token", "init", "soft"]);
    let agent = rig.spawn();
    until_true("the token is surveyed", || agent.assertion("de").code() == "log-lost");
    assert_lost(&rig, &agent);
    assert!(agent.stop().success());
}

#[track_caller]
fn assert_lost(rig: &Rig, agent: &Agent) {
    let (exit, page) = status(rig);
    assert_eq!(exit, Some(1), "{page}");
    assert!(page.contains("the agent: BLOCKED log-lost: the log knows no key at all"), "{page}");
    let stranger = rig.caller_as(agent.socket(), NOBODY).call("GET", "/v1/health", "").unwrap().ok().json();
    assert_eq!((&stranger["status"], &stranger["serving"]), (&"degraded".into(), &0.into()));
    assert!(
        stranger["reasons"].as_array().unwrap().iter().any(|reason| reason["code"] == "log-lost"),
        "{stranger}"
    );
    until_true("the log of the start says it", || {
        agent.output().contains("the agent does not sign: the log knows no key at all")
    });
}

#[test]
fn a_key_whose_certificate_is_over_signs_only_where_there_is_no_other() {
    let rig = Rig::bare().second_token().provisioned();
    let agent = rig.start();
    rig.kunci_ok(&["provision", "de", "--csr", "--output", &path(&rig, ".")]);
    let install = |pem: &str| rig.kunci_ok(&["cert", "install", "de", "--force", &path(&rig, pem)]);
    // Whichever of the two the route would rather take.
    for (over, good) in [("soft", "second"), ("second", "soft")] {
        fs::write(rig.at("good.pem"), rig.kunci_ok(&["cert", "de", "--token", over])).unwrap();
        issue(&rig, &format!("de.{over}.csr.pem"), "old.pem", DAYS, Some("2020-01-01 00:00:00"));
        install("old.pem");
        let certificates = agent.call("GET", "/v1/connectors/de/certificate", "").json();
        let good = certificates.as_array().unwrap().iter().find(|one| one["token"] == good).unwrap();
        for _ in 0..20 {
            assert_eq!(thumbprint(&agent), good["x5t_s256"]);
        }
        let (exit, page) = status(&rig);
        assert_eq!(exit, Some(1), "{page}");
        assert!(page.contains("degraded, 1 of 1 connectors serve"), "{page}");
        install("good.pem");
    }
    assert_eq!(status(&rig).0, Some(0));
}

#[test]
fn no_agent_is_not_ok_and_a_private_one_is_asked_only_where_that_is_wanted() {
    let rig = Rig::bare().provisioned();
    let entries = rig.entries().len();
    let (exit, page) = status(&rig);
    assert_eq!((exit, page.as_str()), (Some(3), ""));
    assert_eq!(rig.entries().len(), entries);
    let offline = rig.kunci(&["status", "--offline"]);
    assert!(offline.status.success(), "{offline:?}");
    assert!(
        text(&offline.stdout).starts_with("No agent runs; a private one says:\nkunci-agent "),
        "{offline:?}"
    );
    assert!(text(&offline.stderr).contains("no agent runs"), "{offline:?}");
    let agent = rig.start();
    assert!(rig.kunci_ok(&["status", "--offline"]).starts_with("kunci-agent "), "the running one is asked");
    assert!(agent.stop().success());
}

/// How `kunci status` ends, and its page.
fn status(rig: &Rig) -> (Option<i32>, String) {
    let output = rig.kunci(&["status"]);
    (output.status.code(), text(&output.stdout))
}

/// Of the configuration alone, beside the log: no agent is asked.
fn check(rig: &Rig) -> (Option<i32>, String) {
    let output = rig.kunci(&["config", "check"]);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn health(agent: &Agent) -> Value {
    agent.call("GET", "/v1/health", "").ok().json()
}

/// The certificate that an assertion names.
fn thumbprint(agent: &Agent) -> String {
    agent.assertion("de").ok().json()["x5t_s256"].as_str().unwrap().to_owned()
}

fn request(rig: &Rig, connector: &str, name: &str) {
    fs::write(rig.at(name), rig.kunci_ok(&["provision", connector, "--csr"])).unwrap();
}

fn path(rig: &Rig, name: &str) -> String {
    rig.at(name).display().to_string()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
