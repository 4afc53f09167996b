//! The rig's token on Kryoptic, whose module `make setup` builds: a soft token in one SQLite database.

use std::path::PathBuf;

use crate::Rig;

/// Where `make setup` puts the module, below the folder of all builds.
const MODULE: &str = "kryoptic/release/libkryoptic_pkcs11.so";

impl Rig {
    /// Kryoptic in SoftHSM2's place.
    pub fn on_kryoptic(self) -> Self {
        let rig = self.folder("kryoptic").module(&module());
        let (conf, database) = (rig.at("kryoptic/kryoptic.conf"), rig.at("kryoptic/token.sql"));
        let text = format!(
            "[ec_point_encoding]\nencoding = \"Der\"\n\n[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {database:?}\n"
        );
        rig.private("kryoptic/kryoptic.conf", &text);
        rig.variable("KRYOPTIC_CONF", conf.to_str().unwrap())
    }
}

fn module() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let built = program.ancestors().map(|folder| folder.join(MODULE)).find(|path| path.exists());
    built.unwrap_or_else(|| panic!("{MODULE} is missing: run make setup"))
}
