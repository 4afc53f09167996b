//! The example's values: seven regions, as a vendor of mail security has them.

use crate::{
    Admin, Agent, Algorithm, Caller, Config, Connector, KeyType, Ledger, ManagementKey, Name, PinPolicy,
    PinSource, Token, TokenKind, TouchPolicy, Verb,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Each connector, and the region that it serves.
const REGIONS: [(&str, &str); 7] = [
    ("de", "Germany"),
    ("uk", "United Kingdom"),
    ("us", "United States"),
    ("ca", "Canada"),
    ("za", "South Africa"),
    ("au", "Australia"),
    ("je", "Jersey"),
];
const TOKENS: [&str; 2] = ["frankfurt", "london"];
const YUBIKEY: &str = "saint-helier";

pub(super) fn config() -> Config {
    let ledger = Ledger {
        origin: "vendor.example/kunci".into(),
        token: "frankfurt".parse().ok(),
        checkpoint_every: Duration::from_secs(1),
    };
    Config {
        agent: Agent::default(),
        ledger,
        tokens: tokens(),
        connectors: named(REGIONS.into_iter().map(|(name, region)| (name, connector(name, region)))),
        callers: callers(),
        admins: admins(),
    }
}

fn named<T>(entries: impl Iterator<Item = (&'static str, T)>) -> BTreeMap<Name, T> {
    entries.filter_map(|(name, entry)| Some((name.parse().ok()?, entry))).collect()
}

fn names(list: &[&str]) -> Vec<Name> {
    list.iter().filter_map(|name| name.parse().ok()).collect()
}

fn tokens() -> BTreeMap<Name, Token> {
    let mut tokens = named(TOKENS.into_iter().filter_map(|city| Some((city, token(city)?))));
    tokens.extend(named(token("saint-helier").map(|token| (YUBIKEY, yubikey(token))).into_iter()));
    tokens
}

/// Jersey's connector has its key on a YubiKey.
fn yubikey(token: Token) -> Token {
    Token {
        kind: TokenKind::YubikeyPiv,
        module: None,
        uri: None,
        serial: Some(12_345_678),
        so_pin: None,
        management_key: Some(ManagementKey::Source(PinSource::Credential(format!(
            "{YUBIKEY}-management-key"
        )))),
        key_ids: None,
        slots: named([("je", "82")].into_iter().filter_map(|(name, slot)| Some((name, slot.parse().ok()?)))),
        pin_policy: Some(PinPolicy::Once),
        touch_policy: Some(TouchPolicy::Never),
        allow_factory_secrets: Some(false),
        lanes: 1,
        env: BTreeMap::new(),
        paths: Vec::new(),
        read_paths: Vec::new(),
        network: None,
        ..token
    }
}

fn token(city: &str) -> Option<Token> {
    let folder = format!("/var/lib/kunci-tokens/{city}");
    Some(Token {
        kind: TokenKind::Pkcs11,
        module: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
        uri: Some(format!("pkcs11:token={city}").parse().ok()?),
        serial: None,
        pin: PinSource::Credential(format!("{city}-pin")),
        so_pin: Some(PinSource::Credential(format!("{city}-so-pin"))),
        management_key: None,
        key_ids: Some(BTreeMap::new()),
        slots: BTreeMap::new(),
        pin_policy: None,
        touch_policy: None,
        allow_factory_secrets: None,
        lanes: 4,
        deadline: Duration::from_secs(10),
        env: BTreeMap::from([("SOFTHSM2_CONF".into(), format!("/etc/kunci/softhsm2-{city}.conf"))]),
        paths: vec![folder.into()],
        read_paths: vec![format!("/etc/kunci/softhsm2-{city}.conf").into()],
        network: Some(false),
        exceptions: Vec::new(),
    })
}

fn connector(name: &str, region: &str) -> Connector {
    Connector {
        region: region.into(),
        tokens: if name == "je" { names(&[YUBIKEY]) } else { names(&TOKENS) },
        key: KeyType::Rsa3072,
        algorithm: Algorithm::PS256,
        authority: "https://login.microsoftonline.com".into(),
        audience: "{authority}/{tenant}/oauth2/v2.0/token".into(),
        lifetime: Duration::from_secs(300),
        tenants: format!("tenants/{name}.csv").into(),
        exceptions: Vec::new(),
    }
}

fn callers() -> BTreeMap<Name, Caller> {
    let all: Vec<&str> = REGIONS.iter().map(|(name, _)| *name).collect();
    let caller = |user: &str, unit: &str, connectors: &[&str]| Caller {
        user: Some(user.into()),
        group: Some(user.into()),
        unit: Some(unit.into()),
        connectors: names(connectors),
        tenants: None,
        client_ids: None,
        rate: "600/m".parse().ok(),
    };
    let monitor = Caller {
        tenants: "contoso.example".to_owned().try_into().ok().map(|tenant| vec![tenant]),
        client_ids: "5d5a3c05-5f6e-4c2e-9d8f-0a1b2c3d4e5f".to_owned().try_into().ok().map(|id| vec![id]),
        ..caller("continuity", "continuity-monitor.service", &["de", "uk"])
    };
    named(
        [
            ("continuity-monitor", monitor),
            ("internal-email-protect", caller("iep", "iep.service", &all)),
            ("sync-and-recover", caller("sync", "sync-and-recover.service", &all)),
        ]
        .into_iter(),
    )
}

fn admins() -> BTreeMap<Name, Admin> {
    let deploy = Admin {
        user: Some("deploy".into()),
        group: Some("deploy".into()),
        unit: Some("deploy.service".into()),
        may: vec![Verb::Reload],
    };
    let officers =
        Admin { user: None, group: Some("key-officers".into()), unit: None, may: Verb::ALL.to_vec() };
    named([("deploy", deploy), ("key-officers", officers)].into_iter())
}
