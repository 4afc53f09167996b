//! Keys that want their PIN for each signature (CKA_ALWAYS_AUTHENTICATE), beside one that does not, on a SoftHSM2 token behind the
//! fault module.

use serde_json::Value;

use crate::Rig;
use crate::rig::ALL;

/// How many lanes such a token has here.
pub const LANES: u8 = 4;
/// What a key that pkcs11-tool makes fails; that it wants its PIN each time is nothing of it.
pub const FLAWS: [&str; 5] = ["may-decrypt", "may-unwrap", "may-sign-recover", "modifiable", "copyable"];

impl Rig {
    /// Connectors `de` (PS256) and `uk` (RS256), and `plain` with a key of Kunci's making.
    pub fn with_plain(self) -> Self {
        let rules = format!(
            "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\", \"plain\"]\n\
             [admins.rig]\nuser = ME\nmay = {ALL}\n"
        );
        let rig = self.connector("uk", "rsa-2048", "RS256").connector("plain", "rsa-2048", "PS256");
        let rig = rig.rules(&rules).lanes(LANES).with_faults();
        rig.except(&FLAWS);
        rig.init_another_token();
        rig.kunci_ok(&["provision", "plain"]);
        rig
    }

    /// With keys for `de` and `uk` that were made by hand, and adopted.
    pub fn adopted(self) -> Self {
        let rig = self.with_plain();
        for (connector, id) in [("de", 1), ("uk", 2)] {
            rig.make_always(connector, id);
            assert!(rig.adopts(connector), "{connector}");
        }
        rig
    }

    /// A key made by hand, of this label and so many times this byte as its identifier.
    pub fn make_always(&self, connector: &str, id: u8) {
        let (label, id) = (format!("kunci:{connector}"), format!("{id:02x}").repeat(16));
        let kind = ["--keypairgen", "--key-type", "rsa:2048", "--always-auth", "--sensitive", "--usage-sign"];
        self.pkcs11_tool(&[&kind[..], &["--label", &label, "--id", &id]].concat());
    }

    /// Whether the connector's key is adopted now.
    pub fn adopts(&self, connector: &str) -> bool {
        let checked = self.kunci(&["--json", "token", "check", "soft"]);
        let Ok(checked) = serde_json::from_slice::<Value>(&checked.stdout) else { return false };
        let label = format!("kunci:{connector}");
        let key = checked["keys"].as_array().unwrap().iter().find(|key| key["label"] == label.as_str());
        let digest = key.unwrap_or_else(|| panic!("{checked}"))["spki_sha256"].as_str().unwrap().to_owned();
        let adopt = ["provision", connector, "--adopt", "--spki-sha256", &digest, "--new-certificate"];
        self.kunci(&adopt).status.success()
    }
}
