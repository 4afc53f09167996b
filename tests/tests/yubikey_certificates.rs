//! What lies where a key's certificate belongs: of another key, or packed so that Kunci does not read it. It may be what somebody's
//! customers hold, and there may be no copy: nothing is put over it, no key is made beside it, and what is advised loses nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use tests::piv::{MANAGEMENT_KEY, PivRig};

/// The object of the first slot that is taken without a name, 82, and of the one after it.
const FIRST: (&str, &str) = ("82", "0x5fc10d");
const SECOND: &str = "0x5fc10e";

/// A container of a certificate's, as hexadecimal digits (SP 800-73-4, part 1, appendix A).
fn container(certificate: &[u8], packed: bool) -> String {
    let length = u16::try_from(certificate.len()).unwrap().to_be_bytes();
    hex(&[&[0x70, 0x82][..], &length, certificate, &[0x71, 1, u8::from(packed), 0xfe, 0]].concat())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn piped(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

/// A certificate of a key that is none of ours, DER.
fn anothers() -> Vec<u8> {
    let made =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=another"];
    piped("openssl", &[&made[..], &["-outform", "DER"]].concat(), b"")
}

fn write(rig: &PivRig, object: &str, container: &str) {
    fs::write(rig.rig.at("object"), container).unwrap();
    let (file, key) = (rig.rig.at("object"), format!("--key={MANAGEMENT_KEY}"));
    rig.tool(&["-a", "write-object", "--id", object, "-f", "hex", "-i", file.to_str().unwrap(), &key]);
}

fn read(rig: &PivRig, object: &str) -> String {
    rig.tool(&["-a", "read-object", "--id", object, "-f", "hex"]).trim().to_owned()
}

/// A key whose log is lost, by its digest.
fn orphan(rig: &PivRig) -> String {
    drop(rig.provisioned());
    let digest = rig.rig.entries().iter().find_map(|entry| entry.spki_sha256.clone()).unwrap();
    fs::remove_dir_all(rig.rig.at("state/log")).unwrap();
    fs::remove_dir_all(rig.rig.at("state/certificates")).unwrap();
    digest
}

/// An agent that runs for this command alone: Yubico's tool has the card to itself.
fn adopt(rig: &PivRig, digest: &str, more: &[&str]) -> Output {
    let _agent = rig.start();
    rig.rig.kunci(&[&["provision", "de", "--adopt", "--spki-sha256", digest], more].concat())
}

/// What the refusal says; it has a name of its own.
#[track_caller]
fn refused(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("another certificate in the key's place"),
        "{output:?}"
    );
    said
}

#[test]
fn what_lies_where_a_keys_certificate_belongs_is_not_written_over_and_what_is_advised_saves_it() {
    let (slot, object) = FIRST;
    let rig = PivRig::new().token_line("slots = { de = \"82\" }");
    let digest = orphan(&rig);
    let own = rig.tool(&["-a", "read-certificate", "-s", slot]);
    let own = piped("openssl", &["x509", "-outform", "DER"], own.as_bytes());
    let packed = container(&piped("gzip", &["-c"], &own), true);
    for there in [&packed, &container(&anothers(), false), "53616d"] {
        write(&rig, object, there);
        let said = refused(&adopt(&rig, &digest, &["--new-certificate"]));
        assert!(said.contains(&format!("objects export {object}")) && said.contains("delete 82"), "{said}");
        assert_eq!(read(&rig, object), *there, "{said}");
        // The one that was made for nothing would count as one that customers may hold.
        assert_eq!(fs::read_dir(rig.rig.at("state/certificates")).unwrap().count(), 0, "a copy was left");
    }
    // What is not read may be the one that customers hold: it does not count as none, either.
    write(&rig, object, &packed);
    refused(&adopt(&rig, &digest, &[]));
    // What was advised, by Yubico's other tool: it is saved as it is, and gone.
    assert_eq!(read(&rig, object), packed);
    rig.tool(&["-a", "delete-certificate", "-s", slot, &format!("--key={MANAGEMENT_KEY}")]);
    let adopted = adopt(&rig, &digest, &["--new-certificate"]);
    assert!(adopted.status.success(), "{adopted:?}");
    rig.start().await_signature();
}

#[test]
fn no_key_is_made_where_a_certificate_lies_that_is_not_read() {
    let packed = container(&piped("gzip", &["-c"], &anothers()), true);
    let rig = PivRig::new().token_line("slots = { de = \"82\" }");
    write(&rig, FIRST.1, &packed);
    let agent = rig.start();
    let refused = rig.rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("or there is only a certificate"), "{said}");
    assert_eq!(rig.key.commands("47"), 0, "a key was made");
    drop(agent);
    assert_eq!(read(&rig, FIRST.1), packed);

    // Where the connector names no slot, the next one is taken.
    let rig = PivRig::new();
    write(&rig, FIRST.1, &packed);
    drop(rig.provisioned());
    assert_eq!(read(&rig, FIRST.1), packed);
    assert!(read(&rig, SECOND).starts_with("70"));
}
