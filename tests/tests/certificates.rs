//! Certificates: by way of a CA, in every format, on the token too; and the proof that rolls keys.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use tests::openssl::{issue, openssl};
use tests::rig::{OBJECT, PIN, TENANT, softhsm};
use tests::wait::until_true;
use tests::{Agent, Rig};

#[test]
fn a_certificate_that_a_ca_issued_for_the_request_is_installed_and_used() {
    let rig = Rig::new();
    rig.kunci_ok(&["token", "init", "soft"]);
    fs::write(rig.at("de.csr"), rig.kunci_ok(&["provision", "de", "--csr"])).unwrap();
    let subject =
        openssl(&rig, &["req", "-in", "de.csr", "-verify", "-noout", "-subject", "-nameopt", "RFC2253"]);
    assert_eq!(subject.trim(), "subject=CN=Region de (de)");
    // The same request again, for a CA that lost it, is for the same key.
    fs::write(rig.at("again.csr"), rig.kunci_ok(&["provision", "de", "--csr"])).unwrap();
    let keys = ["de.csr", "again.csr"].map(|csr| openssl(&rig, &["req", "-in", csr, "-noout", "-pubkey"]));
    assert_eq!(keys[0], keys[1]);

    let agent = rig.spawn();
    until_true("the key waits", || agent.assertion("de").code() == "uncertified");
    issue(&rig, "de.csr", "de.pem", "5", None);
    rig.kunci_ok(&["cert", "install", "de", path(&rig, "de.pem").as_str()]);
    assert_eq!(thumbprint(&agent), sha256_of(&rig, "de.pem"));
    assert_eq!(rig.kunci_ok(&["cert", "de"]), pem_only(&rig, "de.pem"));
    // Provisioning again does not replace it.
    assert!(rig.kunci_ok(&["--json", "provision", "de"]).contains(r#""outcome":"unchanged""#));
    assert_eq!(thumbprint(&agent), sha256_of(&rig, "de.pem"));
}

/// Entra's sign-in logs name a certificate by SHA-1: the ledger says which that is, in openssl's words.
#[test]
fn the_ledger_has_the_thumbprint_by_which_sign_in_logs_name_a_certificate() {
    let rig = Rig::new().provisioned();
    fs::write(rig.at("de.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    let said = openssl(&rig, &["x509", "-in", "de.pem", "-noout", "-fingerprint", "-sha1"]);
    let (_, fingerprint) = said.trim().split_once('=').unwrap();
    let entries = rig.entries();
    let certified = entries.iter().find(|entry| entry.state.as_deref() == Some("certified")).unwrap();
    assert_eq!(certified.certificate_sha1, Some(fingerprint.replace(':', "").to_lowercase()));
}

#[test]
fn a_certificate_of_another_key_is_refused_and_changes_nothing() {
    let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").provisioned();
    let agent = rig.start();
    let before = thumbprint(&agent);
    let entries = rig.entries().len();
    openssl(
        &rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "own.key",
            "-out",
            "own.pem",
            "-subj",
            "/CN=Region de (de)",
        ],
    );
    fs::write(rig.at("uk.pem"), rig.kunci_ok(&["cert", "uk"])).unwrap();
    for other in ["own.pem", "uk.pem"] {
        let refused = rig.kunci(&["--json", "cert", "install", "de", &path(&rig, other)]);
        assert_problem(&refused, 1, "certificate-mismatch");
    }
    for (name, text) in [("words.pem", "no certificate"), ("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n")]
    {
        fs::write(rig.at(name), text).unwrap();
        assert_eq!(rig.kunci(&["cert", "install", "de", &path(&rig, name)]).status.code(), Some(2));
    }
    let own = serde_json::json!({ "pem": fs::read_to_string(rig.at("own.pem")).unwrap() }).to_string();
    agent.admin("PUT", "/v1/connectors/de/certificate", &own).refused(409, "certificate-mismatch");
    assert_eq!(thumbprint(&agent), before);
    assert_eq!(rig.entries().len(), entries + 1, "only the assertion just now is on record");
}

/// What CAs, mail programs and copying make of PEM (RFC 7468, section 2): other columns, one line, blanks, empty lines, text.
#[test]
fn a_certificate_is_installed_in_every_form_in_which_the_auditors_command_reads_it() {
    let rig = Rig::bare().connector("de", "p-256", "ES256").provisioned();
    let agent = rig.start();
    fs::write(rig.at("de.csr"), rig.kunci_ok(&["provision", "de", "--csr"])).unwrap();
    issue(&rig, "de.csr", "plain.pem", "5", None);
    let body = fs::read_to_string(rig.at("plain.pem")).unwrap();
    let base64: String = body.lines().filter(|line| !line.starts_with("-----")).collect();
    let columns = |width: usize| {
        let lines = base64.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap());
        lines.collect::<Vec<_>>().join("\n")
    };
    let framed = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    let forms = [
        framed(&columns(76)),
        framed(&columns(65)),
        framed(&columns(48)),
        framed(&base64),
        framed(&columns(64)).replace('\n', "  \n"),
        framed(&format!("\n{}", columns(64))),
        framed(&columns(64)).replace('\n', "\r\n"),
        framed(&base64).replace('\n', ""),
        format!("subject=CN = de\n{}see -----BEGIN CERTIFICATE----- above\n", framed(&columns(64))),
    ];
    for (at, form) in forms.iter().enumerate() {
        let file = format!("form-{at}.pem");
        fs::write(rig.at(&file), form).unwrap();
        rig.kunci_ok(&["cert", "install", "de", &path(&rig, &file)]);
        assert_eq!(thumbprint(&agent), sha256_of(&rig, "plain.pem"), "{form}");
        let judged = rig.kunci(&["attest", "verify", &path(&rig, &file)]);
        assert!(judged.status.code().is_some_and(|code| code < 2), "{judged:?}");
        let asked = serde_json::json!({ "pem": form }).to_string();
        agent.admin("PUT", "/v1/connectors/de/certificate", &asked).ok();
    }
}

#[test]
fn of_two_tokens_certificates_in_a_file_one_is_installed_and_whose_the_other_is_is_told() {
    let rig = Rig::bare().second_token().provisioned();
    let agent = rig.start();
    fs::write(rig.at("both.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    let done = rig.kunci(&["cert", "install", "de", &path(&rig, "both.pem")]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && !said.contains("not of the connector's key"), "{done:?}");
    let told = ["soft", "second"].map(|token| said.contains(&format!("de's key on {token}; install it")));
    assert_eq!(told.iter().filter(|told| **told).count(), 1, "{said}");
    drop(agent);
}

#[test]
fn of_a_chain_in_any_order_the_certificate_of_the_connectors_key_is_taken_and_the_rest_is_told() {
    let rig = Rig::bare().connector("de", "p-256", "ES256").provisioned();
    let agent = rig.start();
    fs::write(rig.at("de.csr"), rig.kunci_ok(&["provision", "de", "--csr"])).unwrap();
    for name in ["one", "two"] {
        let subject = format!("/CN={name} CA");
        let made =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
        let rest = ["ca.key", "-out", &format!("{name}.pem"), "-subj", &subject];
        openssl(&rig, &[&made[..], &rest[..]].concat());
    }
    let read = |name: &str| fs::read_to_string(rig.at(name)).unwrap();
    for (days, order) in [
        ("5", ["de.pem", "one.pem", "two.pem"]),
        ("6", ["one.pem", "de.pem", "two.pem"]),
        ("7", ["two.pem", "one.pem", "de.pem"]),
    ] {
        issue(&rig, "de.csr", "de.pem", days, None);
        fs::write(rig.at("chain.pem"), order.map(read).concat()).unwrap();
        let done = rig.kunci(&["cert", "install", "de", &path(&rig, "chain.pem")]);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(
            done.status.success() && said.contains("\"one CA\"") && said.contains("\"two CA\""),
            "{done:?}"
        );
        assert_eq!(said.matches("left out").count(), 2, "{said}");
        assert_eq!(thumbprint(&agent), sha256_of(&rig, "de.pem"), "{order:?}");
    }
    // Two of the same key: nobody chooses but who installs.
    fs::copy(rig.at("de.pem"), rig.at("before.pem")).unwrap();
    issue(&rig, "de.csr", "de.pem", "8", None);
    fs::write(rig.at("chain.pem"), ["de.pem", "before.pem"].map(read).concat()).unwrap();
    let refused = rig.kunci(&["--json", "cert", "install", "de", &path(&rig, "chain.pem")]);
    assert_problem(&refused, 2, "invalid-certificate");
    assert_eq!(thumbprint(&agent), sha256_of(&rig, "before.pem"));
}

#[test]
fn every_format_holds_the_same_certificate() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let der = rig.kunci(&["cert", "de", "--format", "der"]).stdout;
    fs::write(rig.at("de.der"), &der).unwrap();
    fs::write(rig.at("de.pem"), rig.kunci_ok(&["cert", "de", "--format", "pem"])).unwrap();
    let again = openssl(&rig, &["x509", "-inform", "DER", "-in", "de.der"]);
    assert_eq!(again, fs::read_to_string(rig.at("de.pem")).unwrap());
    let entra: Value = serde_json::from_str(&rig.kunci_ok(&["cert", "de", "--format", "entra"])).unwrap();
    assert_eq!(entra["key"], STANDARD.encode(&der));
    assert_eq!((&entra["type"], &entra["usage"]), (&"AsymmetricX509Cert".into(), &"Verify".into()));
    let dates = openssl(&rig, &["x509", "-in", "de.pem", "-noout", "-dates", "-dateopt", "iso_8601"]);
    let date = |field: &str| entra[field].as_str().unwrap().replace('T', " ");
    assert_eq!(
        dates.trim(),
        format!("notBefore={}\nnotAfter={}", date("startDateTime"), date("endDateTime"))
    );
    assert_eq!(thumbprint(&agent), sha256_of(&rig, "de.pem"));
    // Self-signed, by the token: openssl believes it.
    openssl(&rig, &["verify", "-CAfile", "de.pem", "-check_ss_sig", "de.pem"]);
}

#[test]
fn the_certificate_is_on_the_token_too_and_only_the_recorded_one_is_used() {
    let rig = Rig::bare().provisioned();
    fs::write(rig.at("de.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    let (sha256, kept) = (sha256_of(&rig, "de.pem"), kept(&rig));
    let objects = pkcs11(&rig, &["--list-objects", "--type", "cert"]);
    assert!(objects.contains("kunci:de"), "{objects}");

    fs::remove_file(&kept).unwrap();
    assert_eq!(thumbprint(&rig.start()), sha256);

    // Another certificate of the same name in its place is not taken for it.
    openssl(
        &rig,
        &[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-outform", "DER", "-out",
            "own.der", "-subj", "/CN=x",
        ],
    );
    fs::copy(rig.at("own.der"), &kept).unwrap();
    assert_eq!(thumbprint(&rig.start()), sha256);

    // Gone from both, it is lost, and can be installed again.
    fs::remove_file(&kept).unwrap();
    pkcs11(&rig, &["--delete-object", "--type", "cert", "--label", "kunci:de", "--login", "--pin", PIN]);
    let agent = rig.spawn();
    until_true("the loss is seen", || {
        agent.connectors()[0]["keys"][0]["inactive"].to_string().contains("lost")
    });
    agent.assertion("de").refused(503, "certificate-lost");
    rig.kunci_ok(&["cert", "install", "de", &path(&rig, "de.pem")]);
    assert_eq!(thumbprint(&agent), sha256);
}

/// What a kill between the token and the record leaves: the token and the folder have the new one, the ledger the old.
#[test]
fn a_certificate_that_was_never_recorded_does_not_displace_the_recorded_one() {
    let rig = Rig::bare().provisioned();
    let (old, log) = (kept(&rig), rig.at("state/log"));
    let state = fs::read(&old).unwrap();
    fs::write(rig.at("de.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    let sha256 = sha256_of(&rig, "de.pem");
    copy(&log, &rig.at("before"));
    fs::write(rig.at("new.csr"), rig.kunci_ok(&["provision", "de", "--csr"])).unwrap();
    issue(&rig, "new.csr", "new.pem", "5", None);
    rig.kunci_ok(&["cert", "install", "de", &path(&rig, "new.pem")]);
    assert_ne!(kept(&rig), old, "the old one was removed once the new one was on record");
    fs::remove_dir_all(&log).unwrap();
    copy(&rig.at("before"), &log);
    fs::write(&old, state).unwrap();
    assert_eq!(thumbprint(&rig.start()), sha256);
    // The next installation clears what was left over.
    rig.kunci_ok(&["cert", "install", "de", &path(&rig, "new.pem")]);
    kept(&rig);
}

#[test]
fn a_proof_says_what_graph_takes_and_nothing_else_and_is_on_record() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let proof = rig.kunci_ok(&["proof", "de", "--object-id", OBJECT, "--reason", "yearly roll"]);
    let (input, signature) = proof.trim().rsplit_once('.').unwrap();
    let [header, claims] = [0, 1].map(|part| {
        let text = URL_SAFE_NO_PAD.decode(input.split('.').nth(part).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()
    });
    let x5t = header["x5t#S256"].as_str().unwrap();
    assert_eq!(header, serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": x5t }));
    let nbf = claims["nbf"].as_i64().unwrap();
    let aud = "00000002-0000-0000-c000-000000000000";
    assert_eq!(claims, serde_json::json!({ "aud": aud, "iss": OBJECT, "nbf": nbf, "exp": nbf + 600 }));

    fs::write(rig.at("de.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    assert_eq!(x5t, sha256_of(&rig, "de.pem"));
    fs::write(rig.at("key.pem"), openssl(&rig, &["x509", "-in", "de.pem", "-pubkey", "-noout"])).unwrap();
    fs::write(rig.at("input"), input).unwrap();
    fs::write(rig.at("signature"), URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
    let verify =
        [&["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"], &padding[..], &["input"]];
    assert_eq!(openssl(&rig, &verify.concat()).trim(), "Verified OK");

    let intent =
        rig.entries().into_iter().rev().find(|entry| entry.message.as_deref() == Some("proof")).unwrap();
    assert_eq!((intent.reason.as_deref(), intent.jti), (Some("yearly roll"), None));
    assert_eq!((intent.object_id.as_deref(), intent.tenant.as_deref()), (Some(OBJECT), Some(TENANT)));
    assert_eq!((intent.aud.as_deref(), intent.exp), (Some(aud), Some(nbf + 600)));
    assert_eq!(intent.caller.unwrap().uid, rustix::process::geteuid().as_raw());
    // A proof is an admin's: on the callers' socket there is none.
    let body = format!(r#"{{"object_id":"{OBJECT}","reason":"r"}}"#);
    agent.call("POST", "/v1/connectors/de/proofs", &body).refused(404, "no-such-path");
}

#[test]
fn a_proof_is_signed_only_for_an_application_that_the_connector_serves() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let entries = rig.entries().len();
    let ask = |id: &str| {
        let body = serde_json::json!({ "object_id": id, "reason": "r" }).to_string();
        agent.admin("POST", "/v1/connectors/de/proofs", &body)
    };
    for text in ["", "anything", tests::rig::CLIENT.replace('-', "").as_str()] {
        ask(text).refused(400, "invalid-object-id");
    }
    ask(tests::rig::CLIENT).refused(403, "object-id-not-granted");
    assert!(rig.entries()[entries..].iter().all(|entry| entry.kind == ledger::Kind::Refusal));
    ask(&OBJECT.to_uppercase()).ok();
    until_true("the refusal is counted", || {
        rig.entries().iter().any(|entry| entry.reason.as_deref() == Some("object-id-not-granted"))
    });
}

/// The one certificate in the state directory.
#[track_caller]
fn kept(rig: &Rig) -> PathBuf {
    let folder = fs::read_dir(rig.at("state/certificates")).unwrap();
    let kept: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    kept[0].clone()
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// The certificate that an assertion names.
fn thumbprint(agent: &Agent) -> String {
    agent.assertion("de").ok().json()["x5t_s256"].as_str().unwrap().to_owned()
}

/// SHA-256 of a certificate's DER, base64url, by openssl.
fn sha256_of(rig: &Rig, pem: &str) -> String {
    let text = openssl(rig, &["x509", "-in", pem, "-noout", "-fingerprint", "-sha256"]);
    let hex = text.trim().rsplit('=').next().unwrap().split(':');
    URL_SAFE_NO_PAD.encode(hex.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect::<Vec<_>>())
}

fn pem_only(rig: &Rig, name: &str) -> String {
    openssl(rig, &["x509", "-in", name])
}

fn path(rig: &Rig, name: &str) -> String {
    rig.at(name).display().to_string()
}

#[track_caller]
fn assert_problem(output: &Output, exit: i32, code: &str) {
    let problem: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!((output.status.code(), &problem["code"]), (Some(exit), &code.into()), "{output:?}");
}

/// OpenSC's view of the token, past the agent.
fn pkcs11(rig: &Rig, arguments: &[&str]) -> String {
    let output = Command::new("pkcs11-tool")
        .env("SOFTHSM2_CONF", rig.at("softhsm2.conf"))
        .args(["--module", softhsm().to_str().unwrap(), "--token-label", "rig"])
        .args(arguments)
        .output()
        .expect("pkcs11-tool is missing: apt-get install opensc");
    assert!(output.status.success(), "pkcs11-tool {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
