//! `kunci attest`: files in, an answer and an exit code out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use common::{Bench, Done};
use serde_json::Value;

/// A time at which all samples are valid.
const AT: &str = "2026-01-01T00:00:00Z";
const LEAF: &str = "Slot9Cattestation-pem";
const F9: &str = "SlotF9Intermediate-pem";

/// Real evidence: a file of the crate `attestation-validator`.
fn sample(name: &str) -> String {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(samples).join(name).to_str().unwrap().to_owned()
}

/// Cargo knows where the sources are.
fn samples() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--format-version", "1"]).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "attestation-validator").unwrap();
    PathBuf::from(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

fn verify(arguments: &[&str]) -> Done {
    Bench::new().kunci(&[&["attest", "verify", "--at", AT], arguments].concat())
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn a_proven_key_is_a_yes() {
    let (leaf, f9) = (sample(LEAF), sample(F9));
    let done = verify(&[&leaf, "--intermediate", &f9, "--json"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
    let report = json(&done);
    assert_eq!(
        (&report["verdict"], &report["slot"], &report["at"]),
        (&"proven".into(), &"9c".into(), &AT.into())
    );
    assert_eq!(report["accepted"], true);
    let done = verify(&[&leaf, &f9]);
    assert_eq!(done.code, 0);
    assert!(done.out.starts_with("PROVEN: "), "{}", done.out);
    for line in ["  serial        15422467\n", "  touch         never\n", "warning [eucleak]: "] {
        assert!(done.out.contains(line), "{line:?} in {}", done.out);
    }
}

#[test]
fn every_other_answer_is_a_no_and_names_its_reason() {
    let (leaf, f9) = (sample(LEAF), sample(F9));
    for (arguments, verdict, code) in [
        (vec![&*leaf], "unattested", "no-issuer"),
        (vec![&*f9], "unattested", "no-attestation"),
        (vec![&*leaf, &*f9, "--require", "touch=always"], "proven", "requirement-unmet"),
        (vec![&*leaf, &*f9, "--require", "no-known-weakness"], "proven", "eucleak"),
        (vec![&*leaf, &*f9, "--serial", "7"], "proven", "serial-mismatch"),
        (vec![&*leaf, &*f9, "--key", &*f9], "contradicted", "key-mismatch"),
    ] {
        let done = verify(&[&arguments[..], &["--json"]].concat());
        let report = json(&done);
        assert_eq!((done.code, &report["verdict"]), (1, &verdict.into()), "{arguments:?}");
        assert_eq!(report["accepted"], false, "{arguments:?}");
        assert_eq!(
            (&report["findings"][0]["code"], &report["findings"][0]["level"]),
            (&code.into(), &"error".into())
        );
        let page = verify(&arguments);
        assert_eq!(page.code, 1);
        assert!(page.out.starts_with("NOT ACCEPTED: "), "{}", page.out);
        assert!(page.out.lines().all(|line| line.chars().count() <= 80), "{}", page.out);
    }
}

/// The gate of the page, run as it stands there, agrees with the exit code.
#[test]
fn the_pages_gate_lets_through_what_is_accepted_and_nothing_else() {
    let page = page();
    let (_, programs) = page.split_once("## For programs").unwrap();
    let gate = programs.lines().find(|line| line.contains("| jq -e")).unwrap();
    let (_, filter) = gate.split_once("| ").unwrap();
    let (leaf, f9) = (sample(LEAF), sample(F9));
    for arguments in [
        vec![&*leaf, &*f9],
        vec![&*leaf, &*f9, "--serial", "7"],
        vec![&*leaf, &*f9, "--require", "touch=always"],
        vec![&*leaf],
    ] {
        let done = verify(&[&arguments[..], &["--json"]].concat());
        let mut jq = Command::new("sh")
            .args(["-c", filter])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        jq.stdin.take().unwrap().write_all(done.out.as_bytes()).unwrap();
        assert_eq!(jq.wait().unwrap().success(), done.code == 0, "{arguments:?}: {}", done.out);
    }
}

#[test]
fn the_page_says_what_was_asked_and_why_not() {
    let (leaf, f9) = (sample(LEAF), sample(F9));
    let key = ["--key", &*leaf, "--serial", "7", "--require", "touch=always", "--require", "firmware>=5.2.0"];
    let done = verify(&[&[&*leaf, &*f9], &key[..]].concat());
    insta::assert_snapshot!(done.out);
}

#[test]
fn two_keys_in_one_call_have_an_answer_each() {
    let hsm = ["hsm-attestation-pem", "hsm-attestation-cert.cer"].map(sample);
    let (leaf, f9) = (sample(LEAF), sample(F9));
    let done = verify(&[&*leaf, &*f9, &*hsm[0], &*hsm[1]]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(done.out.starts_with("PROVEN: each of 2 keys.\n"), "{}", done.out);
    let done = verify(&[&*leaf, &*hsm[0], &*hsm[1], "--json"]);
    let page = verify(&[&*leaf, &*hsm[0], &*hsm[1]]);
    let reason = "NOT ACCEPTED: 1 of 2 keys. Key 1: \"YubiKey PIV Attestation 9c\" was issued by";
    assert!(page.out.replace("\n    ", " ").starts_with(reason), "{}", page.out);
    let report = json(&done);
    let verdicts = [&report["keys"][0]["verdict"], &report["keys"][1]["verdict"]];
    assert_eq!((done.code, verdicts), (1, [&"unattested".into(), &"proven".into()]), "{report}");
}

/// A chain under a root of nobody's, whose names say what they like.
#[test]
fn no_name_in_a_certificate_begins_a_line_and_a_given_root_is_the_givers() {
    let bench = Bench::new();
    let made = Command::new("sh").args(["-ec", HOSTILE_CHAIN]).current_dir(bench.path("")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let done = bench.kunci(&["attest", "verify", "leaf.pem", "f9.pem", "--root", "root.pem"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(done.out.starts_with("PROVEN UNDER YOUR ROOT: "), "{}", done.out);
    assert!(!done.out.contains("vendor") && !done.out.contains("device's maker"), "{}", done.out);
    let forged: Vec<&str> = done.out.lines().filter(|line| line.starts_with("FORGED")).collect();
    assert!(forged.is_empty() && done.out.contains(r#"root          "A\nFORGED"#), "{}", done.out);
    let copy = bench.path("a\nFORGED: leaf.pem");
    fs::write(&copy, "nothing").unwrap();
    let done = bench.kunci(&["attest", "verify", copy.to_str().unwrap()]);
    assert!(done.code == 1 && !done.err.lines().any(|line| line.starts_with("FORGED")), "{}", done.err);
}

const HOSTILE_CHAIN: &str = r#"
name=$(printf 'A\nFORGED: the device of its maker')
cat > v3 <<END
[ca]
basicConstraints = critical, CA:TRUE
[leaf]
1.3.6.1.4.1.41482.3.3 = DER:05:04:03
1.3.6.1.4.1.41482.3.7 = DER:02:01:07
1.3.6.1.4.1.41482.3.8 = DER:02:01
END
for key in root f9 leaf; do openssl ecparam -name prime256v1 -genkey -noout -out $key.key; done
openssl req -x509 -new -key root.key -subj "/CN=$name" -days 3650 -out root.pem -addext basicConstraints=critical,CA:TRUE
signed() { openssl req -new -key $1.key -subj "/CN=$2" | openssl x509 -req -CA $3.pem -CAkey $3.key -set_serial 7 -days 3650 -extfile v3 -extensions $4 -out $1.pem; }
signed f9 'Yubico PIV Attestation' root ca
signed leaf 'YubiKey PIV Attestation 9a' f9 leaf
"#;

#[test]
fn evidence_may_come_from_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kunci"))
        .args(["attest", "verify", "-", "--at", AT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let both = [fs::read(sample(F9)).unwrap(), fs::read(sample(LEAF)).unwrap()].concat();
    child.stdin.take().unwrap().write_all(&both).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"PROVEN"));
}

#[test]
fn a_request_is_a_file_like_the_others_and_must_be_signed_by_the_attested_key() {
    let folder = tempfile::tempdir().unwrap();
    let hex = |name: &str| {
        let command = format!(
            "openssl x509 -in {} -outform der | od -An -v -tx1 | tr -s ' ' : | tr -d '\\n'",
            sample(name)
        );
        let output = Command::new("sh").args(["-ec", &command]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_matches(':').replace("::", ":")
    };
    let config = folder.path().join("config");
    let text = format!(
        "[req]\ndistinguished_name=d\nreq_extensions=e\n[d]\n[e]\n1.3.6.1.4.1.41482.3.1=DER:{}\n1.3.6.1.4.1.41482.3.2=DER:{}\n",
        hex(LEAF),
        hex(F9)
    );
    fs::write(&config, text).unwrap();
    let request = folder.path().join("request.csr").to_str().unwrap().to_owned();
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=x",
    ]);
    openssl.args(["-keyout", "/dev/null", "-out", &request, "-config", config.to_str().unwrap()]);
    let output = openssl.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let done = verify(&[&request, "--json"]);
    let report = json(&done);
    assert_eq!((&report["verdict"], &report["slot"]), (&"contradicted".into(), &"9c".into()), "{report}");
    assert_eq!(report["findings"][0]["code"], "request-key-mismatch");
}

#[test]
fn evidence_that_does_not_parse_is_a_no_for_people_and_programs() {
    let bench = Bench::new();
    bench.write("rubbish", "certainly no certificate");
    let (rubbish, leaf) = (bench.path("rubbish").to_str().unwrap().to_owned(), sample(LEAF));
    for arguments in
        [vec![&*rubbish], vec![&*leaf, "--intermediate", &*rubbish], vec![&*leaf, "--root", &*rubbish]]
    {
        let asked = ["--key", &*leaf, "--serial", "7", "--require", "touch=always"];
        let done = verify(&[&arguments[..], &asked].concat());
        assert!(done.code == 1 && done.out.starts_with("NOT ACCEPTED: "), "{arguments:?}: {}", done.out);
        for asked in ["  --key SHA-256 ", "  --serial      7\n", "  --require     touch=always\n"] {
            assert!(done.out.contains(asked), "{asked:?} in {}", done.out);
        }
        assert!(done.err.contains("rubbish\": it is neither"), "{}", done.err);
        let done = verify(&[&arguments[..], &["--json"]].concat());
        assert_eq!((done.code, &json(&done)["verdict"]), (1, &"malformed".into()));
        let problem: Value = serde_json::from_str(&done.err).unwrap();
        assert_eq!(problem["code"], "malformed");
    }
}

#[test]
fn wrong_usage_and_unreadable_files_are_told_from_answers() {
    let leaf = sample(LEAF);
    for arguments in [
        vec![],
        vec!["/nowhere/leaf.pem"],
        vec![&*leaf, "--key", "/nowhere/key.pem"],
        vec![&*leaf, "--require", "touch=sometimes"],
        vec!["-", "--intermediate", "-"],
        vec![&*leaf, "--at", "yesterday"],
    ] {
        assert_eq!(
            Bench::new().kunci(&[&["attest", "verify"], &arguments[..]].concat()).code,
            2,
            "{arguments:?}"
        );
    }
}

#[test]
fn a_huge_file_is_read_to_its_limit_only() {
    let bench = Bench::new();
    let huge = bench.path("huge");
    // Sparse: it is large only for those who read it.
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let done = verify(&[huge.to_str().unwrap()]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("too large"), "{}", done.err);
}

#[test]
fn the_roots_are_listed_with_their_digests() {
    let bench = Bench::new();
    let done = bench.kunci(&["attest", "roots"]);
    assert_eq!(done.code, 0);
    assert!(done.out.contains("62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8"));
    let done = bench.kunci(&["attest", "roots", "--json"]);
    let first: Value = serde_json::from_str(done.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["sha256"], "63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546");
    assert_eq!(first["kinds"], serde_json::json!(["yubikey-piv"]));
}

/// The page that teaches the command.
fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/how-to/check-an-attestation.md"))
        .unwrap()
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let (page, done) = (page(), verify(&[&sample(LEAF), &sample(F9)]));
    let (said, _) = done.out.split_once(" An\n").unwrap();
    assert!(page.contains(said), "{said}");
    assert!(done.out.lines().all(|line| line.chars().count() <= 80), "{}", done.out);
}

#[test]
fn the_pages_openssl_commands_agree_with_us() {
    let folder = tempfile::tempdir().unwrap();
    for (name, sample_name) in [
        ("leaf.pem", LEAF),
        ("registered-certificate.pem", LEAF),
        ("f9.pem", F9),
        ("root.pem", "src/yubico/yubico-piv-ca-1-pem"),
    ] {
        fs::copy(sample(sample_name), folder.path().join(name)).unwrap();
    }
    let page = page();
    let (_, by_hand) = page.split_once("## Check it by hand").unwrap();
    let commands: Vec<&str> = by_hand.lines().filter(|line| line.starts_with("openssl ")).collect();
    assert!(commands.len() >= 6, "{commands:?}");
    let mut outputs = String::new();
    for command in commands {
        let output = Command::new("sh").args(["-ec", command]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        outputs += &String::from_utf8(output.stdout).unwrap();
    }
    let report = json(&verify(&[&sample(LEAF), &sample(F9), "--json"]));
    let key = report["public_key_sha256"].as_str().unwrap();
    assert_eq!(outputs.matches(key).count(), 2, "{outputs}");
    assert!(outputs.contains(report["root"]["sha256"].as_str().unwrap()));
    for bytes in ["leaf.pem: OK", "050207", "020400EB5403", "0301"] {
        assert!(outputs.contains(bytes), "{bytes} in {outputs}");
    }
}
