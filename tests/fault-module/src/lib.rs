//! A PKCS#11 module for tests, between a host and a real module: it passes every call on, and on command it answers any
//! function with any code, hangs, sleeps, crashes, forks, or falsifies what comes back.
//!
//! What it does next stands in the file that `KUNCI_FAULTS` names, mapped into every process that loads it; the driver
//! writes there, from outside the host's sandbox ([`script`]). The module behind it is `KUNCI_FAULTS_MODULE`. This is the
//! only crate of the project with `unsafe`, and it never ships.

#![allow(clippy::missing_safety_doc)]

mod blow;
mod control;
mod functions;
mod hidden;
mod real;
pub mod script;
mod tamper;

pub use script::{Action, Function};
