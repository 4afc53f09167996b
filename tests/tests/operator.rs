//! What an operator is told who misspells a name, stops everything, clears a latch, or looks for a token.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Output;
use std::thread;

use fault_module::{Action, Function};
use tests::Rig;
use tests::faults::{Faults, Times};
use tests::rig::ALL;
use tests::wait::until_true;

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

#[test]
fn a_name_that_is_not_there_is_answered_with_those_that_are() {
    let rig = Rig::bare().connector("de", "p-256", "ES256").connector("uk", "p-256", "ES256").provisioned();
    let agent = rig.start();
    for line in [&["freeze", "fr", "--reason", "r"][..], &["provision", "fr"], &["cert", "fr"]] {
        let refused = rig.kunci(line);
        assert_eq!(refused.status.code(), Some(4), "{refused:?}");
        assert!(said(&refused).contains("You may see: de, uk."), "{line:?}: {}", said(&refused));
    }
    let refused = rig.kunci(&["token", "check", "frankfurt"]);
    assert!(said(&refused).contains("The configuration has: soft."), "{}", said(&refused));
    agent.assertion("de").ok();
}

#[test]
fn everything_is_frozen_by_one_command_and_thawed_one_by_one() {
    let rules = format!(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\nmay = {ALL}\n"
    );
    let rig = Rig::bare()
        .connector("de", "p-256", "ES256")
        .connector("uk", "p-256", "ES256")
        .rules(&rules)
        .provisioned();
    let agent = rig.start();
    let page = rig.kunci_ok(&["freeze", "--all", "--reason", "the host is lost"]);
    assert!(page.contains("de is FROZEN") && page.contains("uk is FROZEN"), "{page}");
    for connector in ["de", "uk"] {
        agent.assertion(connector).refused(403, "connector-frozen");
    }
    rig.kunci_ok(&["thaw", "de", "--reason", "found"]);
    agent.assertion("de").ok();
    agent.assertion("uk").refused(403, "connector-frozen");
}

/// What is said to whoever reads the exit status in an emergency.
#[test]
fn who_may_freeze_nothing_is_told_that_nothing_is_frozen() {
    let rig = Rig::bare().connector("de", "p-256", "ES256").provisioned();
    let text = std::fs::read_to_string(rig.at("kunci.toml")).unwrap();
    let ours = text.find("[callers.rig]").unwrap();
    rig.private(
        "kunci.toml",
        &format!("{}[callers.other]\nuser = \"65000\"\nconnectors = [\"de\"]\n", &text[..ours]),
    );
    let _agent = rig.spawn();
    let refused = rig.kunci(&["freeze", "--all", "--reason", "the host is lost"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(said(&refused).contains("Nothing was frozen."), "{}", said(&refused));
}

/// The one whose signature hangs is stopped at once like the others, and waited for by nobody but itself.
#[test]
fn a_signature_under_way_keeps_no_other_connector_from_its_freeze() {
    let rules = format!(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\nmay = {ALL}\n"
    );
    let rig = Rig::bare().connector("de", "p-256", "ES256").connector("uk", "p-256", "ES256").rules(&rules);
    let rig = rig.with_faults().provisioned();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    faults.strike(Function::Sign, Action::Sleep, 3_000, Times::N(1));
    thread::scope(|scope| {
        let asked = scope.spawn(|| agent.assertion("de"));
        until_true("it hangs", || faults.open(Function::Sign) == 1);
        let freezing = scope.spawn(|| rig.kunci_ok(&["freeze", "--all", "--reason", "the host is lost"]));
        until_true("the other is frozen", || !agent.connectors()[1]["frozen"].is_null());
        assert!(!asked.is_finished(), "the first was waited for");
        assert!(freezing.join().unwrap().contains("de is FROZEN"));
        asked.join().unwrap().refused(403, "connector-frozen");
    });
}

#[test]
fn unlatching_says_whether_anything_was_latched() {
    let rig = Rig::bare().connector("de", "p-256", "ES256").provisioned();
    let agent = rig.start();
    assert!(
        said(&rig.kunci(&["token", "unlatch", "soft"])).contains("nothing shows that it was latched (ready)")
    );
    assert!(agent.stop().success());
    rig.private("pin", "another-pin");
    let agent = rig.spawn();
    agent.await_tokens("latched");
    rig.private("pin", tests::rig::PIN);
    assert!(said(&rig.kunci(&["token", "unlatch", "soft"])).contains("soft: the latch is cleared"));
    agent.await_signature();
}

/// Three of one label: neither two, nor told without what tells them apart.
#[test]
fn tokens_that_are_there_are_told_where_none_or_several_match() {
    let rig = Rig::bare().connector("de", "p-256", "ES256").provisioned();
    rig.init_another_token();
    rig.init_another_token();
    let agent = rig.spawn();
    agent.await_tokens("missing");
    let detail = agent.detail();
    assert!(detail.contains("3 tokens match") && detail.matches("serial \"").count() == 3, "{detail}");
    assert!(agent.stop().success());
    let text = std::fs::read_to_string(rig.at("kunci.toml")).unwrap();
    rig.private("kunci.toml", &text.replace("pkcs11:token=rig\"", "pkcs11:token=gir\""));
    let agent = rig.spawn();
    agent.await_tokens("missing");
    let page = rig.kunci_ok(&["token", "list"]);
    assert!(
        page.matches("\\\"rig\\\" (serial").count() == 3 || page.matches("rig\" (serial").count() == 3,
        "{page}"
    );
}

/// What one sees of the rules is what they grant, and nothing of others' rules or of other connectors.
#[test]
fn whoever_asks_hears_who_they_are_and_what_they_may_get_and_nothing_of_others() {
    let rules = "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\ntenants = [\"contoso.example\"]\nrate = \"50/s\"\n\
                 [callers.other]\nuser = \"65000\"\nconnectors = [\"de\", \"uk\"]\n\
                 [admins.other]\nuser = \"65000\"\nmay = [\"freeze\"]\n\
                 [admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n";
    let rig = Rig::bare()
        .connector("de", "p-256", "ES256")
        .connector("uk", "p-256", "ES256")
        .rules(rules)
        .provisioned();
    let agent = rig.start();
    let told = agent.call("GET", "/v1/whoami", "").ok().json();
    let uid = rustix::process::geteuid().as_raw();
    assert_eq!((&told["uid"], &told["unit"]), (&uid.into(), &serde_json::Value::Null), "{told}");
    let granted =
        serde_json::json!([{ "connectors": ["de"], "tenants": ["contoso.example"], "rate": "50/s" }]);
    assert_eq!(
        (&told["rules"], &told["verbs"]),
        (&granted, &serde_json::json!(["provision", "init"])),
        "{told}"
    );
    let page = rig.kunci_ok(&["whoami"]);
    assert!(
        page.contains("You may get assertions of de: tenants contoso.example") && !page.contains("uk"),
        "{page}"
    );
}
