//! The pins. Nothing but these digests makes an anchor.
//!
//! Yubico publishes the certificates at developers.yubico.com; the bytes are those that the crate
//! `attestation-validator` carries, and a test compares them. Preview CAs are not here and never will be.

use super::Role;
use crate::Kind;
use crate::hex::digest;

/// One pinned certificate.
pub(super) struct Pin {
    /// The subject's common name.
    pub(super) name: &'static str,
    /// SHA-256 of the DER.
    pub(super) sha256: [u8; 32],
    /// Its PEM; without it, the evidence must carry the certificate.
    pub(super) pem: Option<&'static str>,
    /// For what it vouches.
    pub(super) kinds: &'static [Kind],
    /// What it is at the end of a path.
    pub(super) role: Role,
}

pub(super) const PINS: &[Pin] = &[
    // YubiKeys before firmware 5.7.4.
    Pin {
        name: "Yubico PIV Root CA Serial 263751",
        sha256: digest("63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546"),
        pem: Some(include_str!("yubico-piv-root-263751.pem")),
        kinds: &[Kind::YubikeyPiv],
        role: Role::Root,
    },
    // Its edition of 2016: the same key, and a path length of 0.
    Pin {
        name: "Yubico PIV Root CA Serial 263751",
        sha256: digest("7e996a28e3055223733c9aec897900eda9b746e3e15d419556ac6a1179879a50"),
        pem: None,
        kinds: &[Kind::YubikeyPiv],
        role: Role::Root,
    },
    // YubiKeys from firmware 5.7.4 on, and later YubiHSMs.
    Pin {
        name: "Yubico Attestation Root 1",
        sha256: digest("62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8"),
        pem: Some(include_str!("yubico-attestation-root-1.pem")),
        kinds: &[Kind::YubikeyPiv, Kind::Yubihsm2],
        role: Role::Root,
    },
    Pin {
        name: "Yubico YubiHSM Root CA",
        sha256: digest("094a3ac493c2bdcd65a54bdf40190f52bb03f7156397a3fc69d8aa9a392fb724"),
        pem: Some(include_str!("yubico-yubihsm-root.pem")),
        kinds: &[Kind::Yubihsm2],
        role: Role::Root,
    },
    Pin {
        name: "Yubico YubiHSM 6742036 Sub-CA",
        sha256: digest("d7c6d8f45208e2a53996fb5a8f4d631b33ebabb64956b37b2ac151fbdbaf4ae9"),
        pem: Some(include_str!("yubico-yubihsm-6742036-sub-ca.pem")),
        kinds: &[Kind::Yubihsm2],
        role: Role::Intermediate,
    },
    // LiquidSecurity HSMs.
    Pin {
        name: "localca.liquidsecurity.cavium.com",
        sha256: digest("975757f0d76640e03d14760f8fc9e3a55826fa7807b2c392f7801a95bd69cc28"),
        pem: None,
        kinds: &[Kind::LiquidSecurity],
        role: Role::Root,
    },
    // Its edition of 2024: the same key, and valid until 2034. The one above expired on 2025-11-16.
    Pin {
        name: "localca.liquidsecurity.cavium.com",
        sha256: digest("230143df00e0b452743e068a5b3fc08df8f06cefc4854ea627aeb7ebd70ee2f4"),
        pem: None,
        kinds: &[Kind::LiquidSecurity],
        role: Role::Root,
    },
    // Whose HSMs Google's are. It proves nothing of hardware.
    Pin {
        name: "Hawksbill Root v1 prod",
        sha256: digest("46b5fd351d56a0721ca0afcd1731c0f7b74e3941eb818bfd0ec36e29df0de095"),
        pem: None,
        kinds: &[Kind::LiquidSecurity],
        role: Role::Owner,
    },
];
