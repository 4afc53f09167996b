//! A caller that is a process of its own, to be started as whatever user, group or unit a test needs.
//!
//! `kunci-caller SOCKET` connects and takes requests from standard input, one a line: method, path, body. Each answer
//! is one line of JSON, `{"Ok": …}` or `{"Err": …}`. The other ways of use pass connections by SCM_RIGHTS over the socket
//! that is their standard input: `--handed` takes one that another process opened, writes one request on it, and prints
//! what comes back, if anything does; `--handed-many` does that with every one that comes, and says of each whether it
//! was answered; `--connect SOCKET` opens one for another process, and ends; `--lend SOCKET` stays until that one is done.
//! `--become UID SOCKET` is another user from its connection on, and says so instead of `connected`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use tests::hand::{ANSWERED, CUT_OFF, pass, take};
use tests::http::Connection;

fn main() {
    // Its own name may be no text.
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.into_string().unwrap()).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--handed"] => use_handed(),
        ["--handed-many", request] => use_many(request),
        ["--connect", socket] => connect_for_another(Path::new(socket)),
        ["--lend", socket] => {
            connect_for_another(Path::new(socket));
            let _ = parent().read(&mut [0]);
        }
        ["--become", uid, socket] => become_another(uid.parse().unwrap(), Path::new(socket)),
        [socket] => call(Path::new(socket)),
        _ => panic!(
            "kunci-caller SOCKET | --handed | --handed-many REQUEST | --connect SOCKET | --lend SOCKET | \
             --become UID SOCKET"
        ),
    }
}

fn call(socket: &Path) {
    let connection = Connection::open(socket).expect("the socket can be connected to");
    println!("connected");
    take_requests(connection);
}

fn become_another(uid: u32, socket: &Path) {
    let connection = Connection::open(socket).expect("the socket can be connected to");
    nix::unistd::setuid(uid.into()).expect("root may become anybody");
    println!("connected");
    take_requests(connection);
}

fn take_requests(mut connection: Connection) {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.splitn(3, ' ');
        let [method, path, body] = [(); 3].map(|()| words.next().unwrap_or_default());
        let answer = connection.send(method, path, body.as_bytes()).map_err(|error| error.to_string());
        println!("{}", serde_json::to_string(&answer).unwrap());
    }
}

fn use_handed() {
    let mut connection = UnixStream::from(take(std::io::stdin()).expect("a connection comes first"));
    let mut request = Vec::new();
    // The first byte came with the connection; the rest is the request.
    std::io::stdin().read_to_end(&mut request).unwrap();
    // Whether it is taken or not shows in what comes back.
    let _ = connection.write_all(&request);
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    std::io::stdout().write_all(&answer).unwrap();
}

fn use_many(request: &str) {
    let mut from = parent();
    while let Some(connection) = take(&from) {
        let mut connection = UnixStream::from(connection);
        let _ = connection.write_all(request.as_bytes());
        let mut answer = [0; 64];
        let read = connection.read(&mut answer).unwrap_or(0);
        let served = answer[..read].starts_with(b"HTTP/1.1 200");
        from.write_all(&[if served { ANSWERED } else { CUT_OFF }]).unwrap();
    }
}

fn connect_for_another(socket: &Path) {
    let connection = UnixStream::connect(socket).expect("the socket can be connected to");
    pass(&parent(), &connection);
}

/// The socket that is our standard input.
fn parent() -> UnixStream {
    let input: OwnedFd = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    UnixStream::from(input)
}
