//! An agent whose hosts find this pcscd, and whose callers are outside.

use std::fs;
use std::path::Path;

use tests::{Pcsc, Rig};

#[test]
fn an_agent_inside_serves_callers_outside() {
    let rig = Rig::new().provisioned();
    let pcsc = Pcsc::start();
    let agent = rig.spawn_with(|command| pcsc.shape(command));
    agent.wait_ready();
    assert_eq!(agent.assertion("de").status, 200);
    let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
    let host = agent.hosts()[0].to_string();
    assert_ne!(network(&host), network("self"));
    assert!(fs::metadata(Path::new("/proc").join(&host).join("root/run/pcscd/pcscd.comm")).is_ok());
}
