//! Promise 3 at the token: with a disk that takes no record, requests are refused before they reach it. The first refusal may
//! have come too late for that, since the disk works while the token signs; OpenSC's spy counts what reached the module.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::Rig;
use tests::disk::Disk;
use tests::rig::OBJECT;
use tests::wait::until;

/// Room for the reserve of 64 MiB and a little more.
const SMALL: &str = "72m";

#[test]
fn on_a_full_disk_no_request_reaches_the_token_from_the_second_refusal_on() {
    let rig = Rig::bare();
    let disk = Disk::memory(&rig.at("state"), SMALL);
    let rig = rig.provisioned().spied();
    rig.write();
    let agent = rig.start();
    let signatures = || rig.calls("C_Sign");
    let before = signatures();
    agent.assertion("de").ok();
    assert!(signatures() > before, "so this counts them");
    disk.fill();
    until("the disk refuses", || (agent.assertion("de").status != 200).then_some(()));

    let before = signatures();
    let proof = format!(r#"{{"object_id":"{OBJECT}","reason":"roll"}}"#);
    for _ in 0..10 {
        agent.assertion("de").refused(503, "ledger-unavailable");
        agent.admin("POST", "/v1/connectors/de/proofs", &proof).refused(503, "ledger-unavailable");
        agent
            .admin("POST", "/v1/connectors/de/provision", r#"{"csr":true}"#)
            .refused(503, "ledger-unavailable");
    }
    assert_eq!(signatures(), before, "the token signed what could not be recorded");
    disk.free();
    agent.assertion("de").ok();
    assert!(signatures() > before);
    assert!(agent.stop().success());
    rig.assert_whole();
}
