//! Who is refused before anything is composed: by the rules, by a freeze, by the clock.
//!
//! Nothing of it reaches a token or the log, but for the refusal's count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use hsm_config::{Tenants, TenantsFile};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::host::Asked;
use super::rig::Rig;
use super::site::{CLIENT_ID, OBJECT_ID, OTHER_CLIENT_ID, OTHER_TENANT, SITE, TENANT, name};
use crate::ipc::link::{Resolved, Who};
use crate::records::clock::Reading;

fn pair(tenant: &str, client_id: &str) -> Value {
    json!({ "tenant": tenant, "client_id": client_id })
}

/// A front whose configuration was changed, with a key for the connector de.
async fn configured(from: &str, to: &str) -> (Rig, Asked) {
    assert!(SITE.contains(from), "{from}");
    let mut rig = Rig::configured(|text| text.replace(from, to));
    let asked = rig.provisioned("de", "one", []).await;
    (rig, asked)
}

#[tokio::test]
pub(super) async fn a_connector_that_is_not_granted_and_one_that_does_not_exist_get_the_same_answer() {
    let (rig, mut asked) = Rig::of([]).await;
    let not_granted = rig.ask_with("uk", &pair(TENANT, CLIENT_ID)).await;
    let none = rig.ask_with("fr", &pair(TENANT, CLIENT_ID)).await;
    not_granted.refused(403, "connector-not-granted");
    assert_eq!((not_granted.status, &not_granted.body), (none.status, &none.body));
    let [of_uk, of_none] = [("connector-not-granted", 1); 2];
    rig.only_counted(&mut asked, &[of_uk, of_none]).await;
}

#[tokio::test]
pub(super) async fn whom_no_rule_names_is_refused_and_counted_with_all_such() {
    let mean_nobody = |resolved: &mut Resolved| {
        let rules = resolved.callers.iter_mut().chain(&mut resolved.admins);
        rules.for_each(|(_, who)| *who = Who { uid: Some(u32::MAX), ..Who::default() });
    };
    let mut rig = Rig::built(SITE, mean_nobody, |_| {});
    let mut asked = rig.provisioned("de", "one", []).await;
    for connector in ["de", "fr"] {
        rig.ask_with(connector, &pair(TENANT, CLIENT_ID)).await.refused(403, "connector-not-granted");
    }
    rig.only_counted(&mut asked, &[("connector-not-granted", 2)]).await;
}

#[tokio::test]
pub(super) async fn a_tenant_that_the_table_does_not_name_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    rig.ask_with("de", &pair("northwind.example", CLIENT_ID)).await.refused(403, "tenant-not-granted");
    rig.only_counted(&mut asked, &[("tenant-not-granted", 1)]).await;
}

#[tokio::test]
pub(super) async fn a_tenant_that_the_rule_does_not_name_is_refused() {
    let of = r#"connectors = ["de", "eu"]"#;
    let (rig, mut asked) = configured(of, &format!("{of}\ntenants = [\"{TENANT}\"]")).await;
    rig.ask_with("de", &pair(OTHER_TENANT, OTHER_CLIENT_ID)).await.refused(403, "tenant-not-granted");
    rig.only_counted(&mut asked, &[("tenant-not-granted", 1)]).await;
    rig.ask("de").await.released();
}

#[tokio::test]
pub(super) async fn a_client_id_of_another_tenants_line_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    rig.ask_with("de", &pair(TENANT, OTHER_CLIENT_ID)).await.refused(403, "client-id-not-granted");
    rig.only_counted(&mut asked, &[("client-id-not-granted", 1)]).await;
}

#[tokio::test]
pub(super) async fn a_client_id_that_the_rule_does_not_name_is_refused() {
    let of = r#"connectors = ["de", "eu"]"#;
    let (rig, mut asked) = configured(of, &format!("{of}\nclient_ids = [\"{CLIENT_ID}\"]")).await;
    rig.ask_with("de", &pair(OTHER_TENANT, OTHER_CLIENT_ID)).await.refused(403, "client-id-not-granted");
    rig.only_counted(&mut asked, &[("client-id-not-granted", 1)]).await;
    rig.ask("de").await.released();
}

#[tokio::test]
pub(super) async fn who_spent_a_rules_rate_is_told_when_there_is_more_and_a_refused_request_spends_none() {
    let of = r#"connectors = ["de", "eu"]"#;
    let (rig, mut asked) = configured(of, &format!("{of}\nrate = \"1/h\"")).await;
    rig.ask_with("de", &pair("northwind.example", CLIENT_ID)).await.refused(403, "tenant-not-granted");
    rig.ask("de").await.released();
    asked.next().await;
    let told = rig.ask("de").await;
    let after = told.refused(429, "rate-exceeded").retry_after.unwrap();
    assert!((3500..=3601).contains(&after), "{after}");
    assert!(asked.rest().is_empty());
    let log = rig.log().await;
    assert_eq!((log.intents().len(), log.counted().len()), (1, 1));
    assert_eq!(log.refusals(), [("tenant-not-granted", 1), ("rate-exceeded", 1)]);
}

/// Tables of tenants in files that were cut short after they were looked at.
fn cut_short(folder: &Path) -> BTreeMap<hsm_config::Name, Tenants> {
    let rows = format!("tenant,client_id,object_id\n{TENANT},{CLIENT_ID},{OBJECT_ID}\n");
    let file = folder.join("rows");
    let mut written = File::create(&file).unwrap();
    TenantsFile::read(rows.as_bytes(), Path::new("rows.csv")).unwrap().write(&mut written).unwrap();
    written.flush().unwrap();
    let table = Tenants::open(File::open(&file).unwrap()).unwrap();
    written.set_len(1).unwrap();
    [(name("de"), table)].into()
}

#[tokio::test]
pub(super) async fn where_the_tenants_cannot_be_read_nobody_is_granted_anything() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::built(SITE, |_| {}, |parts| parts.tenants = cut_short(folder.path()));
    let mut asked = rig.provisioned("de", "one", []).await;
    rig.ask("de").await.refused(503, "tenants-unreadable");
    rig.prove("de").await.refused(503, "tenants-unreadable");
    rig.only_counted(&mut asked, &[("tenants-unreadable", 2)]).await;
}

#[tokio::test]
pub(super) async fn nothing_of_a_frozen_connector_is_composed() {
    let (rig, mut asked) = Rig::of([]).await;
    rig.front.gates.gate(&name("de")).shut();
    rig.ask("de").await.refused(403, "connector-frozen");
    rig.prove("de").await.refused(403, "connector-frozen");
    rig.only_counted(&mut asked, &[("connector-frozen", 2)]).await;
}

#[tokio::test]
pub(super) async fn while_the_clock_is_behind_the_log_nothing_is_composed() {
    let mut rig = Rig::built(
        SITE,
        |_| {},
        |parts| {
            parts.ledger.1.last_time = Some(Timestamp::now() + SignedDuration::from_hours(1));
        },
    );
    let mut asked = rig.provisioned("de", "one", []).await;
    for told in [rig.ask("de").await, rig.prove("de").await] {
        assert_eq!(told.refused(503, "clock-step").retry_after, Some(3));
    }
    assert!(rig.front.clock.stepped(Reading::now()));
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn a_proof_takes_the_verb_and_root_is_not_exempt() {
    let (rig, mut asked) = configured(r#"may = ["proof"]"#, r#"may = ["freeze"]"#).await;
    rig.prove("de").await.refused(403, "verb-not-granted");
    rig.only_counted(&mut asked, &[("verb-not-granted", 1)]).await;
}

#[tokio::test]
pub(super) async fn a_proof_is_refused_for_a_connector_that_does_not_exist() {
    let (rig, mut asked) = Rig::of([]).await;
    rig.prove("fr").await.refused(403, "connector-not-granted");
    rig.only_counted(&mut asked, &[("connector-not-granted", 1)]).await;
}

#[tokio::test]
pub(super) async fn a_proof_is_for_an_application_of_the_connectors_and_for_no_other() {
    let (rig, mut asked) = Rig::of([]).await;
    let of = |id: &str| json!({ "object_id": id, "reason": "r" });
    rig.prove_with("de", &of("contoso")).await.refused(400, "invalid-object-id");
    rig.prove_with("de", &of(CLIENT_ID)).await.refused(403, "object-id-not-granted");
    rig.only_counted(&mut asked, &[("object-id-not-granted", 1)]).await;
}
