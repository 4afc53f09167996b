//! A bridge from loopback to a Unix socket, for clients that speak TCP and nothing else. For tests alone: whoever reaches the
//! port is the test's user to the agent.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;

/// A bridge. It stands as long as the test's process.
pub struct Bridge {
    address: SocketAddr,
}

impl Bridge {
    /// A bridge to this socket, on a port of its own.
    pub fn to(socket: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let socket = socket.to_owned();
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, socket) = (near.unwrap(), socket.clone());
                thread::spawn(move || carry(&near, &socket));
            }
        });
        Self { address }
    }

    /// Where it begins: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Carries one connection, either way, until both ends are done. An end that fails is one that hung up.
fn carry(near: &TcpStream, socket: &PathBuf) -> io::Result<()> {
    let far = UnixStream::connect(socket)?;
    near.set_nodelay(true)?;
    thread::scope(|both| {
        both.spawn(|| {
            let _ = io::copy(&mut &*near, &mut &far);
            far.shutdown(Shutdown::Write)
        });
        let _ = io::copy(&mut &far, &mut &*near);
        near.shutdown(Shutdown::Both)
    })
}
