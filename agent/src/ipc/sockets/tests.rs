use super::*;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_bound_socket_has_its_mode_asks_for_credentials_and_is_removed_at_the_end() {
    let folder = folder();
    let path = folder.path().join("run/agent.sock");
    let listener = Listener::bind(&path, 0o660).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o660);
    let _client = UnixStream::connect(&path).unwrap();
    let accepted = net::accept(&listener).unwrap();
    assert!(sockopt::socket_passcred(&accepted).unwrap());
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn a_socket_that_nobody_answers_on_is_replaced() {
    let folder = folder();
    let path = folder.path().join("agent.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let _listener = Listener::bind(&path, 0o600).unwrap();
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_socket_that_somebody_answers_on_is_left_to_them() {
    let folder = folder();
    let path = folder.path().join("agent.sock");
    let theirs = UnixListener::bind(&path).unwrap();
    assert!(matches!(Listener::bind(&path, 0o600), Err(SocketError::Live(_))));
    UnixStream::connect(&path).unwrap();
    drop(theirs);
}

#[test]
fn a_socket_that_a_killed_agent_is_about_to_let_go_of_is_waited_for() {
    let folder = folder();
    let path = folder.path().join("agent.sock");
    let theirs = UnixListener::bind(&path).unwrap();
    let dying = std::thread::spawn(move || {
        // Somebody who knocks shows that the other waits.
        let _knock = theirs.accept().unwrap();
        drop(theirs);
    });
    let _listener = Listener::bind(&path, 0o600).unwrap();
    dying.join().unwrap();
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_socket_whose_queue_is_full_is_in_use_too() {
    let folder = folder();
    let path = folder.path().join("agent.sock");
    let theirs = Listener::bind(&path, 0o600).unwrap();
    net::listen(&theirs, 0).unwrap();
    let _first = UnixStream::connect(&path).unwrap();
    assert!(matches!(knock(&path), Err(Errno::AGAIN)));
    assert!(matches!(Listener::bind(&path, 0o600), Err(SocketError::Live(_))));
}

#[test]
fn a_file_in_the_sockets_place_is_not_removed() {
    let folder = folder();
    let path = folder.path().join("agent.sock");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(Listener::bind(&path, 0o600), Err(SocketError::Occupied(_))));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_successors_socket_is_not_removed() {
    let folder = folder();
    let path = folder.path().join("agent.sock");
    let ours = Listener::bind(&path, 0o600).unwrap();
    fs::remove_file(&path).unwrap();
    let _theirs = UnixListener::bind(&path).unwrap();
    drop(ours);
    assert!(path.exists());
}

/// Runs this very test again in a process whose environment and descriptor 0 are as systemd makes them.
#[test]
fn a_socket_that_systemd_passed_is_found_by_its_name() {
    const CHILD: &str = "KUNCI_TEST_ACTIVATED";
    if std::env::var_os(CHILD).is_some() {
        let mut activation = Activation::from_env();
        assert!(activation.take("agent").unwrap().is_none());
        let admin = activation.take("admin").unwrap().unwrap();
        assert!(admin._bound.is_none() && sockopt::socket_passcred(&admin).unwrap());
        return;
    }
    let folder = folder();
    let socket = UnixListener::bind(folder.path().join("passed.sock")).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "ipc::sockets::tests::a_socket_that_systemd_passed_is_found_by_its_name"]);
    child
        .env(CHILD, "1")
        .env("LISTEN_FDS", "1")
        .env("LISTEN_FDS_FIRST_FD", "0")
        .env("LISTEN_FDNAMES", "admin");
    let output = child.stdin(Stdio::from(OwnedFd::from(socket))).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
