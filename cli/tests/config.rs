//! `kunci config`: what a person is told of a configuration.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::process::Command;

use common::Bench;

#[test]
fn a_whole_configuration_is_counted() {
    let done = Bench::new().kunci(&["config", "check"]);
    assert_eq!(done.code, 0);
    insta::assert_snapshot!(done.out, @r#"
    "DIR/kunci.toml" is valid: tokens 1, connectors 1, tenants' lines 1, callers 0, admins 0
    SOFTWARE: it accepts soft tokens, whose keys can be copied. For trials only.
    "#);
    assert!(
        done.err.contains(
            "Not compared with any key: there is no log yet; it begins when the agent first starts"
        ),
        "{}",
        done.err
    );
}

#[test]
fn a_log_that_takes_too_long_is_said_to_be_not_compared_with() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("state/log/tile/entries")).unwrap();
    // As the agent makes it, whatever the umask.
    let own = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(bench.path("state"), own).unwrap();
    // Whoever opens it waits until somebody writes there.
    assert!(Command::new("mkfifo").arg(bench.path("state/log/marks")).status().unwrap().success());
    let done = bench.kunci(&["config", "check", "--json"]);
    assert_eq!(done.code, 0);
    let told: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert!(told["not_compared"].as_str().unwrap().contains("took longer than 10 s"), "{told}");
    assert!(told.get("keys").is_none(), "{told}");
}

#[test]
fn a_broken_one_is_explained_line_by_line() {
    let bench = Bench::new();
    bench.write("kunci.toml", &bench.config("lanes = 99\ncolour = \"red\""));
    let done = bench.kunci(&["config", "check"]);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(done.err.contains("DIR/kunci.toml:13:9: tokens.frankfurt.lanes"), "{}", done.err);
    assert!(done.err.contains("colour") && done.err.contains("2 problems"), "{}", done.err);
}

#[test]
fn with_json_each_problem_has_its_place_and_code() {
    let bench = Bench::new();
    bench.write("kunci.toml", &bench.config("lanes = 99"));
    let problem = bench.kunci(&["config", "check", "--json"]).problem();
    assert_eq!(problem["code"], "invalid-configuration");
    assert_eq!(problem["problems"][0]["line"], 13);
    assert_eq!(problem["problems"][0]["code"], "out-of-range");
}

#[test]
fn a_broken_tenants_file_is_a_broken_configuration() {
    let bench = Bench::new();
    bench.write("de.csv", "tenant,client_id,object_id\ncommon,2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01,\n");
    let done = bench.kunci(&["config", "check"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("de.csv:2"), "{}", done.err);
}

#[test]
fn a_configuration_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(bench.path("kunci.toml"), open).unwrap();
    assert_eq!(bench.kunci(&["config", "check"]).code, 2);
}

#[test]
fn what_the_agent_would_refuse_on_this_machine_is_told_unless_it_is_left_aside() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let rules = "[callers.a]\nuser = 'no-such-user'\nconnectors = ['de']\n";
    let lines = "paths = ['/nowhere/tokens']\nso_pin = { file = '/nowhere/pin' }";
    bench.write("kunci.toml", &(bench.config(lines) + rules));
    std::fs::remove_file(bench.path("module.so")).unwrap();
    std::fs::create_dir(bench.path("state")).unwrap();
    std::fs::set_permissions(bench.path("state"), std::fs::Permissions::from_mode(0o755)).unwrap();
    bench.write("de.csv", "tenant,client_id,object_id\na,b,no-guid\n");
    let done = bench.kunci(&["config", "check"]);
    assert_eq!(done.code, 2);
    insta::assert_snapshot!(done.err);
    // The tenants are the configuration's own.
    let done = bench.kunci(&["config", "check", "--no-files"]);
    assert!(done.code == 2 && done.err.contains("has a problem"), "{}", done.err);
    bench.write("de.csv", "tenant,client_id,object_id\na,b,\n");
    assert_eq!(bench.kunci(&["config", "check", "--no-files"]).code, 0);
}

#[test]
fn the_example_and_the_schema_are_printed() {
    let bench = Bench::new();
    assert_eq!(bench.kunci(&["config", "example"]).out, hsm_config::example());
    let schema: serde_json::Value = serde_json::from_str(&bench.kunci(&["config", "schema"]).out).unwrap();
    assert_eq!(schema, hsm_config::schema());
}
