//! Who connects, over a socket that is served as the agent's are.

use std::os::unix::net::UnixListener;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use super::rig::Rig;
use crate::http::{Surface, serve};

/// A test has the parent that the front takes for its supervisor, as a host has.
#[tokio::test]
pub(super) async fn a_child_of_the_supervisors_is_no_caller() {
    let rig = Rig::new();
    let path = rig.state().join("agent.sock");
    serve(rig.front.clone(), UnixListener::bind(&path).unwrap(), Surface::Agent).unwrap();
    let mut answer = String::new();
    UnixStream::connect(&path).await.unwrap().read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains(r#""code":"peer-is-host""#), "{answer}");
}
