//! p11-kit's client module: a SoftHSM2 token that a `p11-kit server` offers on a socket.

use std::process::Command;

use serde_json::json;
use tests::rig::{library, softhsm};

use super::softhsm2;
use crate::backend::Backend;
use crate::bench::Bench;
use crate::device::Served;

pub(super) fn make(bench: &Bench) -> Backend {
    let (socket, conf) = (bench.at("p11-kit.sock"), softhsm2::configure(bench, &bench.folder("tokens")));
    let section = json!({
        "module": library("pkcs11/p11-kit-client.so", "p11-kit-modules"),
        "env": { "P11_KIT_SERVER_ADDRESS": format!("unix:path={}", socket.display()) },
        "read_paths": [socket],
    });
    let mut server = Command::new("p11-kit");
    server.args(["server", "--foreground", "--name"]).arg(&socket).arg("--provider").arg(softhsm());
    server.arg("pkcs11:").env("SOFTHSM2_CONF", conf);
    Backend { section, ..Backend::of(Served::by(server, socket)) }
}
