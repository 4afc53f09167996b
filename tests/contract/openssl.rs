//! The `openssl` command as a second judge.

use std::fs;
use std::path::Path;
use std::process::Command;

use hsm_config::Algorithm;
use token::PublicKey;

pub(crate) fn run(arguments: &[&str]) -> (bool, String) {
    let output =
        Command::new("openssl").args(arguments).output().expect("openssl is missing: apt install openssl");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// A digest, by `openssl dgst`.
pub(crate) fn digest(dir: &Path, name: &str, message: &[u8]) -> Vec<u8> {
    let path = dir.join("message");
    fs::write(&path, message).unwrap();
    let output = Command::new("openssl").args(["dgst", name, "-binary"]).arg(path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Judges a raw signature over a message by `openssl dgst`.
pub(crate) fn verifies(
    dir: &Path,
    key: &PublicKey,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let signature = if algorithm == Algorithm::ES256 { ecdsa_der(signature) } else { signature.to_vec() };
    fs::write(path("spki.der"), key.spki()).unwrap();
    fs::write(path("message"), message).unwrap();
    fs::write(path("signature"), signature).unwrap();
    let (spki, message, signature) = (path("spki.der"), path("message"), path("signature"));
    let mut arguments =
        vec!["dgst", "-sha256", "-keyform", "DER", "-verify", &spki, "-signature", &signature];
    if algorithm == Algorithm::PS256 {
        arguments.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]);
    }
    arguments.push(&message);
    run(&arguments).0
}

/// r ‖ s as the DER SEQUENCE of two INTEGERs, by hand so that it judges the code under test.
pub(crate) fn ecdsa_der(raw: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let start = half.iter().position(|byte| *byte != 0).unwrap_or(half.len() - 1);
        let mut bytes = half[start..].to_vec();
        if bytes[0] & 0x80 != 0 {
            bytes.insert(0, 0);
        }
        [&[2, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat()
    };
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
}
