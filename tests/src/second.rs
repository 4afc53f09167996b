//! A rig with two tokens: every connector has a key of its own on each.

use std::fs;
use std::os::unix::fs::DirBuilderExt;

use crate::Rig;

impl Rig {
    /// A second, blank token in a folder of its own, `tokens-2`. Say it after lanes, deadline, module and connectors.
    pub fn second_token(mut self) -> Self {
        let [folder, conf] = ["tokens-2", "softhsm2-2.conf"].map(|name| self.at(name));
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.display());
        self.private("softhsm2-2.conf", &text);
        self.second = format!(
            "[tokens.second]\nkind = \"pkcs11\"\nmodule = {module:?}\nuri = \"pkcs11:token=rig-2\"\n\
             pin = {{ file = {pin:?} }}\nso_pin = {{ file = {so_pin:?} }}\nlanes = {lanes}\ndeadline = {deadline:?}\n\
             env = {{ SOFTHSM2_CONF = {conf:?} }}\npaths = [{folder:?}]\nread_paths = [{conf:?}]\n\n",
            module = self.token.module,
            pin = self.at("pin"),
            so_pin = self.at("so-pin"),
            lanes = self.token.lanes,
            deadline = self.token.deadline,
        );
        for connector in &mut self.connectors {
            *connector = connector.replace("[\"soft\"]", "[\"soft\", \"second\"]");
        }
        self
    }
}
