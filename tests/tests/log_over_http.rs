//! The log over HTTP, in the C2SP layout: what is durable, for admins; entries, which name customers, for `audit` alone.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::Rig;

#[test]
fn an_admin_reads_bundles_and_tiles_that_hash_to_each_other() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let size = rig.entries().len();
    let bundle = agent.call("GET", &format!("/v1/log/tile/entries/000.p/{size}"), "").ok().body;
    let tile = agent.call("GET", &format!("/v1/log/tile/0/000.p/{size}"), "").ok().body;
    let mut rest = bundle.as_slice();
    for hash in tile.chunks(32) {
        let (length, after) = rest.split_first_chunk::<2>().unwrap();
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        assert_eq!(ledger::leaf_hash(entry).as_slice(), hash);
        rest = after;
    }
    assert!(rest.is_empty());
    assert_eq!(tile.len(), 32 * size);
}

#[test]
fn what_the_log_does_not_hold_and_what_is_no_path_is_not_found() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let size = rig.entries().len();
    let beyond = format!("entries/000.p/{}", size + 1);
    for path in [
        &*beyond,
        "entries/000",
        "entries/x001/000",
        "0/001",
        "1/000",
        "6/000",
        "../../lock",
        "entries/000.p/0",
    ] {
        agent.call("GET", &format!("/v1/log/tile/{path}"), "").refused(404, "no-such-tile");
    }
}

#[test]
fn a_caller_that_is_no_admin_reads_no_log() {
    let rig = Rig::bare();
    let rig = rig.provisioned();
    let rig = rig.rules("[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n");
    rig.write();
    let agent = rig.spawn();
    agent.call("GET", "/v1/log/tile/entries/000.p/1", "").refused(403, "verb-not-granted");
    agent.call("GET", "/v1/log/tile/0/000.p/1", "").refused(403, "not-an-admin");
}
