//! A server of others' that speaks TLS before one that does not, with a certificate of a CA that no system knows.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A CA, and a certificate of its for 127.0.0.1.
pub fn certificates(folder: &Path) {
    let script = "set -e\n\
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca\n\
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=w\n\
        printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > ext\n\
        openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile ext\n\
        cat leaf.key leaf.pem > both.pem";
    let done = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What speaks TLS before a witness.
pub struct Tls {
    process: Child,
    pub url: String,
}

impl Tls {
    pub fn before(witness: SocketAddr, folder: &Path) -> Self {
        let script = format!(
            "import socket, ssl, threading\n\
             context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n\
             context.load_cert_chain('both.pem')\n\
             server = socket.create_server(('127.0.0.1', 0))\n\
             print(server.getsockname()[1], flush=True)\n\
             def pump(a, b):\n\
             \x20   while data := a.recv(65536): b.sendall(data)\n\
             def serve(raw):\n\
             \x20   near = context.wrap_socket(raw, server_side=True)\n\
             \x20   far = socket.create_connection(('127.0.0.1', {}))\n\
             \x20   threading.Thread(target=pump, args=(near, far), daemon=True).start()\n\
             \x20   pump(far, near)\n\
             while True:\n\
             \x20   threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()\n",
            witness.port()
        );
        let mut process = Command::new("python3")
            .args(["-c", &script])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, url: format!("https://127.0.0.1:{}/", port.trim()) }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
