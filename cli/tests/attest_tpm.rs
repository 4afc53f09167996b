//! `kunci attest verify` and a TPM's recorded evidence: several challenges, what is software, and the page's commands.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::process::Command;

use common::{Bench, Done};
use serde_json::{Value, json};

const AT: &str = "2026-11-25T00:00:00Z";

/// A file of evidence that was recorded from swtpm.
fn recorded(name: &str) -> String {
    format!("{}/../attest/tests/tpm/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn verify(arguments: &[&str]) -> Done {
    let root = recorded("swtpm-root.pem");
    Bench::new().kunci(&[&["attest", "verify", "--at", AT, "--root", &root], arguments].concat())
}

#[test]
fn of_several_secrets_each_tpm_finds_its_own() {
    let [evidence, own, other] = ["rsa.json", "rsa.answer.json", "ecc.answer.json"].map(recorded);
    for order in [[&own, &other], [&other, &own]] {
        let secrets = order.map(|path| ["--challenge-secret", path]).concat();
        let done = verify(&[&[evidence.as_str()], &secrets[..]].concat());
        assert_eq!(done.code, 0, "{}", done.out);
        assert!(done.out.starts_with("PROVEN, BUT SOFTWARE: "), "{}", done.out);
        assert!(done.out.contains("warning [software-tpm]: "), "{}", done.out);
    }
    assert_eq!(verify(&[&evidence, "--challenge-secret", &other]).code, 1, "another TPM's alone");
    assert_eq!(verify(&[&evidence]).code, 1);
}

/// A folder with the root and this list.
fn folder(list: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(recorded("swtpm-root.pem"), folder.path().join("maker.pem")).unwrap();
    if let Some(list) = list {
        fs::write(folder.path().join("tpm-roots.sha256"), list).unwrap();
    }
    folder
}

fn under(folder: &tempfile::TempDir, arguments: &[&str]) -> Done {
    let roots = ["attest", "verify", "--at", AT, "--roots", folder.path().to_str().unwrap()];
    Bench::new().kunci(&[&roots[..], arguments].concat())
}

#[test]
fn a_folders_roots_count_as_far_as_its_list_has_them_and_for_tpms_alone() {
    let [evidence, answer] = ["rsa.json", "rsa.answer.json"].map(recorded);
    let arguments = [&*evidence, "--challenge-secret", &*answer];
    let digests = "awk '/BEGIN/{n++} {print > (\"one-\" n)}' maker.pem; \
                   for one in one-*; do openssl x509 -in $one -outform der | sha256sum; done; rm one-*";
    let made = folder(None);
    let output = Command::new("sh").args(["-ec", digests]).current_dir(made.path()).output().unwrap();
    let list = format!("# the maker's\n\n{}", String::from_utf8(output.stdout).unwrap());
    let done = under(&folder(Some(&list)), &arguments);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("  given         by you\n"), "{}", done.out);
    for (list, code) in
        [(None, "no-list"), (Some(""), "root-not-listed"), (Some("07  short"), "file-unusable")]
    {
        let done = under(&folder(list), &[&arguments[..], &["--json"]].concat());
        assert_eq!((done.code, done.problem()["code"].as_str()), (2, Some(code)), "{}", done.err);
    }
    let root = attest::Anchor::of_tpm_makers(&fs::read(recorded("swtpm-root.pem")).unwrap()).unwrap();
    let vouches = |kind| root.iter().any(|root| root.vouches_for(kind));
    assert!(vouches(attest::Kind::Tpm2) && !vouches(attest::Kind::YubikeyPiv));
}

/// The list that people copy is one that the command takes, and the page's table is it.
#[test]
fn the_documented_list_of_digests_is_the_pages() {
    let [list, page] = ["tpm-roots.sha256", "how-to/prove-a-tpm-key.md"]
        .map(|name| fs::read_to_string(format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() >= 8, "{list}");
    for line in lines {
        let (digest, name) = line.split_once("  ").unwrap();
        assert!(page.contains(&format!("| {name} | `{digest}` |")), "{line}");
    }
    // A root that is not listed is refused, whatever the list has.
    let [evidence, answer] = ["rsa.json", "rsa.answer.json"].map(recorded);
    let arguments = [&*evidence, "--challenge-secret", &*answer, "--json"];
    let done = under(&folder(Some(&list)), &arguments);
    assert_eq!((done.code, done.problem()["code"].as_str()), (2, Some("root-not-listed")), "{}", done.err);
}

#[test]
fn what_is_no_secret_is_told_from_an_answer() {
    let [evidence, root] = ["rsa.json", "swtpm-root.pem"].map(recorded);
    assert_eq!(verify(&[&evidence, "--challenge-secret", &root]).code, 2);
    assert_eq!(verify(&[&evidence, "--challenge-secret", "/nowhere"]).code, 2);
}

#[test]
fn the_pages_commands_for_a_tpm_agree_with_us() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/how-to/prove-a-tpm-key.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, commands) = page.split_once("## Check it by hand").unwrap();
    let commands: Vec<&str> = commands.split("```").filter_map(|part| part.strip_prefix("sh\n")).collect();
    let commands = commands.concat();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let evidence: Value = serde_json::from_slice(&fs::read(recorded("rsa.json")).unwrap()).unwrap();
    let bundle = json!({ "format": "kunci-evidence/1", "connector": "de", "keys": [{ "token": "t", "tpm2": evidence }] });
    fs::write(path("de.evidence.json"), bundle.to_string()).unwrap();
    fs::copy(recorded("rsa.answer.json"), path("challenge.json")).unwrap();
    for name in ["maker-root.pem", "maker-ca.pem"] {
        fs::copy(recorded("swtpm-root.pem"), path(name)).unwrap();
    }
    let output = Command::new("sh").args(["-ec", &commands]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for words in ["ek.pem: OK", "Verified OK", "fixedtpm|fixedparent|sensitivedataorigin"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert_eq!(
        said.lines().filter(|line| *line == "1").count(),
        2,
        "its name and the nonce are in it: {said}"
    );
    let report: Value = serde_json::from_str(&verify(&[&recorded("rsa.json"), "--json"]).out).unwrap();
    assert!(said.contains(report["public_key_sha256"].as_str().unwrap()), "{said}");
}
