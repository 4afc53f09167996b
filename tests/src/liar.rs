//! A server where a witness should be: it says what a test has it say, or passes on what another one says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that is no witness: it is given what was sent and the connection.
pub fn liar(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let body = body(&stream);
            answer(&body, &mut stream);
        }
    });
    format!("http://{address}/")
}

/// A witness's address that stays while the witness is started anew.
pub fn relayed(to: Arc<Mutex<SocketAddr>>) -> String {
    liar(move |body, stream| {
        let address = *to.lock().unwrap();
        if let Ok(reply) = crate::witness::add(address, body) {
            let kind = reply.header("content-type").unwrap().to_owned();
            answer(stream, &format!("{} x", reply.status), &kind, &String::from_utf8(reply.body).unwrap());
        }
    })
}

/// One answer, and the connection ends.
pub fn answer(stream: &mut TcpStream, status: &str, kind: &str, body: &str) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

fn body(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    String::from_utf8(body).unwrap()
}
