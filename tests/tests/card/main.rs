//! The virtual YubiKey through the real pcscd: that it does what a YubiKey does, so that the tests that use it mean
//! something.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agent;
mod attestation;
mod client;
mod clients;
mod faults;
mod logs;
mod management;
mod objects;
mod pins;
mod readers;
mod signatures;
mod touch;
