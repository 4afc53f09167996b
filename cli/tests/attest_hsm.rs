//! `kunci attest` and the statement of an HSM: made here with OpenSSL, as the maker, the owner and the HSM would.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Bench, Done};
use serde_json::Value;
use tempfile::TempDir;

/// The HSM's keys and certificates. Cards' certificates are of version 1, as the maker's are.
const MAKE: &str = "
for key in root card partition; do openssl genrsa -out $key.key 2048; done
openssl ecparam -name prime256v1 -genkey -noout -out attested.key
openssl pkey -in attested.key -pubout -out public-key.pem
openssl req -x509 -new -key root.key -subj '/CN=a root' -days 3650 -out root.pem
signed() { openssl req -new -key $1.key -subj \"/CN=$2\" | openssl x509 -req -CA $3.pem -CAkey $3.key -set_serial 7 -days 3650 -out $1.pem; }
signed card 'HSM:5.2TEST-0001, for FIPS mode' root
signed partition 'HSM:5.2TEST-0001:PARTN:1, for FIPS mode' card
cat card.pem partition.pem > chains.pem
openssl pkey -in attested.key -pubout -outform der | sha256sum | cut -c-64 > digest
openssl pkey -in attested.key -pubout -outform der > spki.der
";

struct Hsm(TempDir);

impl Hsm {
    fn new() -> Self {
        let hsm = Self(tempfile::tempdir().unwrap());
        hsm.sh(MAKE);
        let body =
            body(&fs::read(hsm.path("spki.der")).unwrap(), &fs::read_to_string(hsm.path("digest")).unwrap());
        fs::write(hsm.path("body"), &body).unwrap();
        hsm.sh("openssl dgst -sha256 -sign partition.key -out signature body; cat body signature | gzip > attestation.dat");
        hsm
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What the shell prints.
    fn sh(&self, script: &str) -> String {
        let output = Command::new("sh").args(["-ec", script]).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn verify(&self, arguments: &[&str]) -> Done {
        let is_file = |name: &&str| Path::new(name).extension().is_some();
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let named: Vec<String> = arguments
            .iter()
            .map(|name| if is_file(name) { path(name) } else { (*name).to_owned() })
            .collect();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        Bench::new().kunci(&[&["attest", "verify"], &named[..]].concat())
    }
}

/// What the HSM signs: headers and two objects.
fn body(spki: &[u8], digest: &str) -> Vec<u8> {
    let digest: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&digest[2 * at..2 * at + 2], 16).unwrap()).collect();
    let flags: [(u32, [u8; 2]); 9] = [
        (0x103, [0, 1]),
        (0x105, [0, 0]),
        (0x107, [0, 0]),
        (0x108, [0, 1]),
        (0x10c, [0, 0]),
        (0x162, [1, 0]),
        (0x163, [1, 1]),
        (0x164, [0, 1]),
        (0x165, [0, 1]),
    ];
    let object = |class: u8, which: usize| {
        let mut attributes =
            vec![(0x0, vec![class]), (0x3, b"app\0".to_vec()), (0x100, vec![3]), (0x102, b"7".to_vec())];
        attributes.extend(flags.map(|(number, values)| (number, vec![values[which]])));
        attributes.extend([
            (0x120, spki[spki.len() - 65..].to_vec()),
            (0x121, vec![1, 0x9f]),
            (0x1003, digest.clone()),
        ]);
        let value = |(number, value): &(u32, Vec<u8>)| {
            [&number.to_be_bytes()[..], &(value.len() as u32).to_be_bytes(), value].concat()
        };
        let encoded: Vec<u8> = attributes.iter().flat_map(value).collect();
        let header = [7, attributes.len() as u32, encoded.len() as u32].map(u32::to_be_bytes).concat();
        [header, encoded].concat()
    };
    let (public, private) = (object(2, 0), object(3, 1));
    let block = [[1, 3, 8, 8 + public.len() as u16].map(u16::to_be_bytes).concat(), public, private].concat();
    let sizes =
        [0, 3, 32 + block.len() as u32 + 256, block.len() as u32, 0, 7, 0, 8].map(u32::to_be_bytes).concat();
    [sizes, block].concat()
}

#[test]
fn a_statement_of_an_hsm_is_proven_by_its_makers_chain_and_bound_to_the_key() {
    let hsm = Hsm::new();
    let good = [
        "attestation.dat",
        "--intermediate",
        "chains.pem",
        "--root",
        "root.pem",
        "--key",
        "public-key.pem",
        "--json",
    ];
    let done = hsm.verify(&good);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, &report["verdict"]), (0, &"proven".into()), "{}", done.out);
    for (field, value) in [("kind", "liquidsecurity"), ("serial", "5.2TEST-0001"), ("label", "app")] {
        assert_eq!(report[field], value);
    }
    assert_eq!(report["public_key_sha256"], fs::read_to_string(hsm.path("digest")).unwrap().trim());
    // All files may be given alike.
    assert_eq!(hsm.verify(&["chains.pem", "attestation.dat", "--root", "root.pem"]).code, 0);
    let other =
        hsm.verify(&["attestation.dat", "chains.pem", "--root", "root.pem", "--key", "card.pem", "--json"]);
    let report: Value = serde_json::from_str(&other.out).unwrap();
    assert_eq!((other.code, &report["verdict"]), (1, &"contradicted".into()));
    let rootless = hsm.verify(&["attestation.dat", "chains.pem"]);
    assert!(rootless.code == 1 && rootless.out.starts_with("NOT ACCEPTED: "), "{}", rootless.out);
}

#[test]
fn the_pages_commands_for_an_hsms_statement_agree_with_us() {
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/how-to/check-an-attestation.md"))
            .unwrap();
    let (_, section) = page.split_once("## LiquidSecurity HSMs").unwrap();
    let (_, commands) = section.split_once("```sh\nzcat").unwrap();
    let (commands, _) = commands.split_once("```").unwrap();
    // Our own certificates are not valid at the page's time.
    let commands = format!("zcat{commands}").replace("-attime 1735689600 ", "");
    let hsm = Hsm::new();
    let said = hsm.sh(&commands);
    assert_eq!(said.matches("Verified OK").count(), 2, "{said}");
    assert!(said.contains("card.pem: OK"), "{said}");
    assert!(said.lines().any(|line| line == "1"), "the key's digest is in the statement: {said}");
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    let private =
        ["0000016500000001", "0000016400000001", "0000016300000001", "0000016200000001", "0000010300000001"];
    let values = ["01", "01", "01", "00", "01"];
    for ((line, attribute), value) in last.iter().zip(private).zip(values) {
        assert_eq!(*line, format!("{attribute}{value}"), "{said}");
    }
}
