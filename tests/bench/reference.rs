//! The parent's side of the direct driver: runs it as a child with the token's environment, reads its figures.

use crate::algorithm::Algorithm;
use crate::direct::Figures;
use crate::problem::Problem;
use serde::de::DeserializeOwned;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How to reach the bench's token.
pub(crate) struct Reference {
    pub(crate) module: PathBuf,
    pub(crate) softhsm_conf: PathBuf,
    pub(crate) pin_file: PathBuf,
}

impl Reference {
    /// Makes the token and the direct driver's keys; the token's serial.
    pub(crate) fn make(&self) -> Result<String, Problem> {
        self.child("token", &[])
    }

    /// Signs directly from so many threads for so long.
    pub(crate) fn drive(
        &self,
        algorithm: Algorithm,
        threads: usize,
        time: Duration,
    ) -> Result<Figures, Problem> {
        let (threads, seconds) = (threads.to_string(), time.as_secs_f64().to_string());
        self.child("direct", &["--algorithm", algorithm.name(), "--threads", &threads, "--seconds", &seconds])
    }

    fn child<T: DeserializeOwned>(&self, what: &str, options: &[&str]) -> Result<T, Problem> {
        let this = env::current_exe().map_err(Problem::io("find this program"))?;
        let access =
            [OsStr::new("--module"), self.module.as_ref(), OsStr::new("--pin-file"), self.pin_file.as_ref()];
        let mut child = Command::new(this);
        child
            .arg(what)
            .args(access)
            .args(options)
            .env("SOFTHSM2_CONF", &self.softhsm_conf)
            .stderr(Stdio::inherit());
        let output = child.output().map_err(Problem::io("run the direct driver"))?;
        if !output.status.success() {
            return Err(Problem::Driver(output.status.to_string()));
        }
        serde_json::from_slice(&output.stdout).map_err(|e| Problem::Figures("the direct driver's answer", e))
    }
}
