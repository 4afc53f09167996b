//! p11-kit's client module: a SoftHSM2 token that a `p11-kit server` offers on a socket.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tests::rig::{library, softhsm};
use tests::wait::until_true;

use super::softhsm2;
use crate::backend::{Backend, Bench};

struct P11Kit {
    conf: PathBuf,
    socket: PathBuf,
    server: Option<Child>,
}

pub(super) fn make(bench: &Bench) -> Box<dyn Backend> {
    let conf = softhsm2::configure(bench);
    let mut token = P11Kit { conf, socket: bench.at("p11-kit.sock"), server: None };
    token.put_back();
    Box::new(token)
}

impl Backend for P11Kit {
    fn section(&self) -> Value {
        json!({
            "module": library("pkcs11/p11-kit-client.so", "p11-kit-modules"),
            "env": { "P11_KIT_SERVER_ADDRESS": format!("unix:path={}", self.socket.display()) },
            "read_paths": [self.socket],
        })
    }

    fn take_away(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
        // It takes its socket with it where it ended by itself.
        let _ = std::fs::remove_file(&self.socket);
    }

    fn put_back(&mut self) {
        let mut server = Command::new("setpriv");
        server.args(["--pdeathsig", "KILL", "p11-kit", "server", "--foreground", "--name"]).arg(&self.socket);
        server.arg("--provider").arg(softhsm()).arg("pkcs11:");
        server.env("SOFTHSM2_CONF", &self.conf).stdout(Stdio::null());
        self.server = Some(server.spawn().unwrap());
        until_true("p11-kit serves", || self.socket.exists());
    }
}

impl Drop for P11Kit {
    fn drop(&mut self) {
        self.take_away();
    }
}
