//! A rig with two tokens: every connector has a key of its own on each, and where one fails no request does.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use crate::audit::Fates;
use crate::{Load, Rig};

/// How many questions are on the way to one token at most: its lanes, and the places that a lane of a fast token has.
pub const IN_FLIGHT: usize = 2 * 8;
/// For how long a token that failed is asked last, the first time and at most.
const DOUBT: Duration = Duration::from_millis(250);
const LONGEST_DOUBT: Duration = Duration::from_secs(4);

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

    /// Everything that was asked for was answered, is on record and verifies; nothing else stands without a reason.
    #[track_caller]
    pub fn assert_nobody_noticed(&self, load: Load) -> Fates {
        let took = load.stop();
        assert_eq!((took.refused, took.broken), (BTreeMap::new(), 0));
        self.assert_accounted(&took.received)
    }
}

/// How many intents a token that fails for so long may cost: what was on the way when it failed, and again whenever it is
/// given another chance.
pub fn most_lost(outage: Duration) -> usize {
    let (mut chances, mut doubt, mut over) = (1, DOUBT, DOUBT);
    while over <= outage {
        chances += 1;
        doubt = (doubt * 2).min(LONGEST_DOUBT);
        over += doubt;
    }
    chances * IN_FLIGHT
}
