//! NSS's softokn, a soft token in a folder of databases. Its C_Initialize wants text, which p11-kit's proxy hands over.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use tests::namespace::Namespace;
use tests::rig::library;

use crate::backend::Backend;
use crate::bench::{Bench, PIN, run};
use crate::connector::{CONNECTORS, Connector};
use crate::device::{Device, Files};

/// Where p11-kit looks for modules; here it finds this one alone.
const MODULES: &str = "/usr/share/p11-kit/modules";

/// What softokn calls it.
const TOKEN: &str = "NSS Certificate DB";

pub(super) fn make(bench: &Bench) -> Backend {
    let (store, modules, space) = (bench.folder("store"), Files::on(bench), Namespace::new());
    let databases = format!("sql:{}", store.display());
    run(Command::new("certutil").args(["-N", "-d", &databases, "-f"]).arg(bench.at("pin")));
    let softokn = library("libsoftokn3.so", "libnss3");
    let text = format!(
        "module: {}\nx-init-reserved: configdir='{databases}' certPrefix='' keyPrefix='' secmod='' flags=''\n",
        softokn.display(),
    );
    fs::write(modules.folder.join("nss.module"), text).unwrap();
    run(&mut space.inside(Command::new("mount").arg("--bind").arg(&modules.folder).arg(MODULES)));
    for (number, connector) in (1..).zip(&CONNECTORS) {
        run(&mut space.inside(&key(number, connector)));
    }
    let section = json!({
        "module": proxy(),
        "uri": format!("pkcs11:token={}", TOKEN.replace(' ', "%20")),
        "paths": [store],
        "read_paths": [modules.folder],
    });
    Backend { section, ..Backend::of(Nss { modules, space }) }
}

/// A key made by OpenSC's tool: softokn does not know all attributes of the template that Kunci makes keys by.
fn key(number: u8, connector: &Connector) -> Command {
    let mut tool = connector.keygen(&proxy(), &format!("{number:02x}").repeat(16));
    tool.args(["--token-label", TOKEN, "--pin", PIN, "--usage-sign", "--sensitive"]);
    tool.args(["--label", &format!("kunci:{}", connector.name)]);
    tool
}

fn proxy() -> PathBuf {
    library("p11-kit-proxy.so", "p11-kit-modules")
}

/// The token goes and comes with the file that tells p11-kit of it.
struct Nss {
    modules: Files,
    space: Namespace,
}

impl Device for Nss {
    fn take_away(&mut self) {
        self.modules.take_away();
    }

    fn put_back(&mut self) {
        self.modules.put_back();
    }

    fn inside(&self, command: Command) -> Command {
        self.space.inside(&command)
    }
}
