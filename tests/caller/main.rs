//! A caller that is a process of its own, to be started as whatever user, group or unit a test needs.
//!
//! `kunci-caller SOCKET` connects and takes requests from standard input, one a line: method, path, body. Each answer
//! is one line of JSON, `{"Ok": …}` or `{"Err": …}`. `kunci-caller --handed` instead takes a connection that another
//! process opened, by SCM_RIGHTS over the socket that is its standard input, writes one request on it, and prints
//! what comes back, if anything does.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tests::http::Connection;

fn main() {
    let socket = std::env::args().nth(1).expect("kunci-caller SOCKET | --handed");
    if socket == "--handed" { use_handed() } else { call(Path::new(&socket)) }
}

fn call(socket: &Path) {
    let mut connection = Connection::open(socket).expect("the socket can be connected to");
    println!("connected");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.splitn(3, ' ');
        let [method, path, body] = [(); 3].map(|()| words.next().unwrap_or_default());
        let answer = connection.send(method, path, body.as_bytes()).map_err(|error| error.to_string());
        println!("{}", serde_json::to_string(&answer).unwrap());
    }
}

fn use_handed() {
    let mut connection = UnixStream::from(handed());
    let mut request = Vec::new();
    // The first byte came with the connection; the rest is the request.
    std::io::stdin().read_to_end(&mut request).unwrap();
    // Whether it is taken or not shows in what comes back.
    let _ = connection.write_all(&request);
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    std::io::stdout().write_all(&answer).unwrap();
}

fn handed() -> OwnedFd {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(std::io::stdin(), &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::empty()).unwrap();
    let fd = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    fd.expect("a connection comes with the first byte")
}
