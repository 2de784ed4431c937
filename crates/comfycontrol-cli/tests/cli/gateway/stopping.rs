use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::running::Gateway;
use crate::support::program;

/// An API whose response waits until it is told to.
struct Upstream {
    url: String,
    asked: Receiver<()>,
    release: Sender<()>,
}

impl Upstream {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (ask, asked) = channel();
        let (release, released) = channel();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let head = BufReader::new(&stream).lines();
            head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
                .for_each(drop);
            ask.send(()).unwrap();
            // The test has ended, or it is told.
            _ = released.recv();
            _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        });
        Self {
            url,
            asked,
            release,
        }
    }

    /// A gateway before it, and a call that has left.
    fn called(&self) -> (Gateway, JoinHandle<String>) {
        let mut command = program(&["gateway", "--listen", "127.0.0.1:0", "--base-url"]);
        command
            .args([&self.url, "--quiet", "--drain", "600"])
            .env("COMFYCONTROL_TOKEN", "cfc_FAKE0token");
        let running = Gateway::of(command);
        let call = running.begin("/v1/user", "");
        self.asked.recv().unwrap();
        (running, call)
    }
}

fn until_it_stops(running: &Gateway) -> String {
    loop {
        let ready = running.get("/_/ready", "");
        if !ready.starts_with("HTTP/1.1 200") {
            return ready;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_seen_by_who_asks_whether_it_is_ready_and_by_who_calls() {
    let upstream = Upstream::new();
    let (running, call) = upstream.called();
    assert!(running.get("/_/ready", "").starts_with("HTTP/1.1 200"));
    running.terminate();
    let ready = until_it_stops(&running);
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("\"stopping\""), "{ready}");
    let late = running.get("/v1/user", "");
    assert!(late.starts_with("HTTP/1.1 503"), "{late}");
    assert!(late.contains("retry-after: 2\r\n"), "{late}");
    assert!(running.get("/_/health", "").starts_with("HTTP/1.1 200"));
    upstream.release.send(()).unwrap();
    let response = tokio::task::block_in_place(|| call.join()).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(running.ended(), "2 calls, 0 of them cut off at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let upstream = Upstream::new();
    let (mut running, call) = upstream.called();
    running.terminate();
    until_it_stops(&running);
    running.terminate();
    let mut told = String::new();
    let mut errors = running.child.stderr.take().unwrap();
    let status = tokio::task::block_in_place(|| {
        _ = errors.read_to_string(&mut told);
        running.child.wait()
    });
    assert_eq!(status.unwrap().code(), Some(130), "{told}");
    assert_eq!(told, "error: interrupted; calls under way were cut off\n");
    let response = tokio::task::block_in_place(|| call.join()).unwrap();
    assert_eq!(response, "");
}
