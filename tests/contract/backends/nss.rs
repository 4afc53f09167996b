//! NSS's softokn, a soft token in a folder of databases. Its C_Initialize wants text, which p11-kit's proxy hands over.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tests::namespace::Namespace;
use tests::rig::library;

use crate::backend::{Backend, Bench, CONNECTORS, Connector, PIN, run};

/// Where p11-kit looks for modules; here it finds this one alone.
const MODULES: &str = "/usr/share/p11-kit/modules";

/// What softokn calls it.
const TOKEN: &str = "NSS Certificate DB";

struct Nss {
    space: Namespace,
    store: PathBuf,
    modules: PathBuf,
}

pub(super) fn make(bench: &Bench) -> Box<dyn Backend> {
    let (store, modules, space) = (bench.folder("store"), bench.folder("modules"), Namespace::new());
    let pin = bench.write("nss-pin", PIN);
    run(Command::new("certutil")
        .arg("-N")
        .arg("-d")
        .arg(format!("sql:{}", store.display()))
        .arg("-f")
        .arg(pin));
    let softokn = library("libsoftokn3.so", "libnss3");
    let text = format!(
        "module: {}\nx-init-reserved: configdir='sql:{}' certPrefix='' keyPrefix='' secmod='' flags=''\n",
        softokn.display(),
        store.display(),
    );
    fs::write(modules.join("nss.module"), text).unwrap();
    run(&mut space.inside(Command::new("mount").arg("--bind").arg(&modules).arg(MODULES)));
    for (number, connector) in (1..).zip(&CONNECTORS) {
        run(&mut space.inside(&key(number, connector)));
    }
    Box::new(Nss { space, store, modules })
}

/// A key made by OpenSC's tool: softokn does not know all attributes of the template that Kunci makes keys by.
fn key(number: u8, connector: &Connector) -> Command {
    let Connector { name, key, .. } = connector;
    let kind = if *key == "p-256" { "EC:prime256v1".to_owned() } else { key.replace('-', ":") };
    let mut tool = Command::new("pkcs11-tool");
    tool.arg("--module").arg(proxy()).args(["--token-label", TOKEN, "--login", "--pin", PIN]);
    tool.args(["--keypairgen", "--usage-sign", "--sensitive", "--key-type", &kind]);
    tool.args(["--label", &format!("kunci:{name}"), "--id", &format!("{number:02x}").repeat(16)]);
    tool
}

fn proxy() -> PathBuf {
    library("p11-kit-proxy.so", "p11-kit-modules")
}

impl Backend for Nss {
    fn section(&self) -> Value {
        json!({
            "module": proxy(),
            "uri": format!("pkcs11:token={}", TOKEN.replace(' ', "%20")),
            "paths": [self.store],
            "read_paths": [self.modules],
        })
    }

    fn inside(&self, command: Command) -> Command {
        self.space.inside(&command)
    }

    fn take_away(&mut self) {
        fs::rename(self.modules.join("nss.module"), self.modules.join("nss.away")).unwrap();
    }

    fn put_back(&mut self) {
        fs::rename(self.modules.join("nss.away"), self.modules.join("nss.module")).unwrap();
    }
}
