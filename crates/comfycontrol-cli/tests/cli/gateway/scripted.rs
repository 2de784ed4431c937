//! A stand-in for the gateway whose streams of events end as they are told to.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a program that asks for events is sent.
pub(super) enum Stream {
    /// These events, and nothing after them.
    Open(&'static str),
    /// These events, and then the connection is closed in the middle of the body.
    Cut(&'static str),
    Throttled,
}

/// Has one run without outputs.
pub(super) struct Scripted {
    port: u16,
    kept_waiting: Arc<AtomicBool>,
}

impl Scripted {
    pub(super) fn of(streams: Vec<Stream>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scripted = Self {
            port: listener.local_addr().unwrap().port(),
            kept_waiting: Arc::default(),
        };
        let kept_waiting = Arc::clone(&scripted.kept_waiting);
        let streams = Arc::new(Mutex::new(streams.into_iter()));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (streams, kept_waiting) = (Arc::clone(&streams), Arc::clone(&kept_waiting));
                let next = move || streams.lock().unwrap().next();
                std::thread::spawn(move || serve(connection.unwrap(), next, &kept_waiting));
            }
        });
        scripted
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether a program stayed at a stream that said nothing more.
    pub(super) fn was_kept_waiting(&self) -> bool {
        self.kept_waiting.load(Relaxed)
    }
}

/// Serves a connection until either side closes it.
fn serve(mut connection: TcpStream, next: impl Fn() -> Option<Stream>, kept_waiting: &AtomicBool) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    while let Some(path) = request(&mut reader) {
        let body = match path.rsplit('/').next() {
            Some("user") => r#"{"name":"ann"}"#,
            Some("workflow") => r#"{"id":"1"}"#,
            Some("outputs") => "[]",
            _ => match next().expect("no stream is left") {
                Stream::Open(events) => {
                    begin_events(&mut connection, events);
                    connection.set_read_timeout(Some(PATIENCE)).unwrap();
                    let read = connection.read(&mut [0]).map_err(|e| e.kind());
                    let waits = matches!(read, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut));
                    kept_waiting.store(waits, Relaxed);
                    return;
                }
                Stream::Cut(events) => return begin_events(&mut connection, events),
                Stream::Throttled => {
                    let head = concat!(
                        "HTTP/1.1 429 Too Many Requests\r\n",
                        "retry-after: 2\r\ncontent-length: 0\r\n\r\n"
                    );
                    connection.write_all(head.as_bytes()).unwrap();
                    continue;
                }
            },
        };
        let length = body.len();
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        connection.write_all(response.as_bytes()).unwrap();
    }
}

/// The path of the next request, which is read to its end.
fn request(reader: &mut impl BufRead) -> Option<String> {
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    Some(path)
}

fn begin_events(connection: &mut TcpStream, events: &str) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked";
    let response = format!("{head}\r\n\r\n{:x}\r\n{events}\r\n", events.len());
    connection.write_all(response.as_bytes()).unwrap();
}

/// Longer than a program takes that leaves at once.
const PATIENCE: Duration = Duration::from_secs(10);
