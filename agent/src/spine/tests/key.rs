//! Keys as a token would hold them, with certificates that the product itself composed.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use hsm_config::Algorithm;
use token::message::{Certificate, Checkpoint, Message};
use token::{KeyId, PublicKey};

use crate::records::clock::Reading;

/// A day, in seconds.
pub(super) const DAY_S: i64 = 86_400;

/// A key pair, its identifier and its certificate.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) public: PublicKey,
    pub(super) certificate: Vec<u8>,
    algorithm: Algorithm,
    private: Private,
}

enum Private {
    Ec(EcdsaKeyPair),
    Rsa(signature::RsaKeyPair),
}

/// One RSA key for all tests: to make one takes a tenth of a second.
static RSA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let made = signature::RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&made).unwrap().as_ref().to_vec()
});

impl Key {
    /// A new P-256 key; its certificate is good now.
    pub(super) fn new() -> Self {
        Self::good(-DAY_S, DAY_S)
    }

    /// One whose certificate is good from and until so many seconds from now.
    pub(super) fn good(from: i64, until: i64) -> Self {
        let private = Private::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
        Self::certified(private, Algorithm::ES256, (from, until))
    }

    /// An RSA key for this algorithm.
    pub(super) fn rsa(algorithm: Algorithm) -> Self {
        let private = Private::Rsa(signature::RsaKeyPair::from_pkcs8(&RSA).unwrap());
        Self::certified(private, algorithm, (-DAY_S, DAY_S))
    }

    fn certified(private: Private, algorithm: Algorithm, (from, until): (i64, i64)) -> Self {
        let spki = match &private {
            Private::Ec(pair) => AsDer::as_der(pair.public_key()).unwrap().as_ref().to_vec(),
            Private::Rsa(pair) => AsDer::as_der(pair.public_key()).unwrap().as_ref().to_vec(),
        };
        let (public, now) = (PublicKey::from_spki(&spki).unwrap(), Reading::now().seconds());
        let certificate = Certificate {
            common_name: "Germany (de)".into(),
            serial: [1; 16],
            not_before: now + from,
            not_after: now + until,
        };
        let id = KeyId(token::random());
        let mut key = Self { id, public, certificate: Vec::new(), algorithm, private };
        let message = Message::Certificate(certificate.clone());
        key.certificate = certificate.finish(&key.public, &key.sign(&message)).unwrap();
        key
    }

    /// Its signature of what it composes of the message, as a host does.
    pub(super) fn sign(&self, message: &Message) -> Vec<u8> {
        let input = message.signing_input(self.algorithm, &self.public).unwrap();
        self.sign_bytes(message.algorithm(self.algorithm), &input)
    }

    /// Its signature of a checkpoint of the log with this name.
    pub(super) fn sign_checkpoint(&self, checkpoint: &Checkpoint, origin: &str) -> Vec<u8> {
        self.sign_bytes(self.algorithm, checkpoint.text(origin).unwrap().as_bytes())
    }

    fn sign_bytes(&self, algorithm: Algorithm, input: &[u8]) -> Vec<u8> {
        match &self.private {
            Private::Ec(pair) => pair.sign(&SystemRandom::new(), input).unwrap().as_ref().to_vec(),
            Private::Rsa(pair) => rsa(pair, algorithm, input),
        }
    }
}

fn rsa(pair: &signature::RsaKeyPair, algorithm: Algorithm, input: &[u8]) -> Vec<u8> {
    let padding: &'static dyn RsaEncoding =
        if algorithm == Algorithm::PS256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), input, &mut signature).unwrap();
    signature
}
