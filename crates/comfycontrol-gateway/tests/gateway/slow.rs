use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::Client;
use comfycontrol_gateway::{Ending, FinishedCall, Gateway};
use comfycontrol_test::now;
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use crate::support::{Emulated, LONG, Running, Scripted};

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_drips_is_given_up_and_others_are_served() {
    let upstream = Scripted::new("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let running = Running::with(gateway, |server| {
        server
            .head_timeout(Duration::from_millis(300))
            .max_connections(8)
    });
    // As many as there may be at once.
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut stream = running.connect().await;
        slow.push(tokio::spawn(async move {
            for byte in b"GET / HTTP/1.1\r\nhost: localhost\r\nx-long: aaaaaaaaaaaaaaaaaaaaaa"
                .iter()
                .cycle()
            {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        }));
    }
    let response = timeout(LONG, running.get("/", "")).await.expect("its turn");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    for stream in slow {
        timeout(LONG, stream).await.expect("given up").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_call_is_closed_after_the_time_that_was_set() {
    let upstream = Scripted::new("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let idle = Duration::from_millis(500);
    // The time for a first head is that of no other one.
    let running = Running::with(gateway, |server| {
        server.head_timeout(2 * LONG).idle_timeout(idle)
    });
    let mut stream = running.connect().await;
    for _ in 0..2 {
        let call = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(call).await.unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"ok") {
            response.push(stream.read_u8().await.expect("it is open"));
        }
    }
    let since = now();
    let end = timeout(LONG, stream.read(&mut [0; 16])).await;
    assert_eq!(end.expect("is closed").unwrap(), 0);
    assert!(since.elapsed() >= idle / 2, "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn times_may_be_longer_than_there_is_time() {
    let upstream = Scripted::new("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let mut running = Running::with(gateway, |server| {
        let server = server.head_timeout(Duration::MAX);
        server
            .idle_timeout(Duration::MAX)
            .write_timeout(Duration::MAX)
            .drain(Duration::MAX)
    });
    let response = timeout(LONG, running.get("/", "")).await.expect("its turn");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    running.begin_stop();
    assert_eq!(running.stopped().await, 0);
}

/// A gateway to a server of one response that has no end, which a caller must take within half a
/// second each time; and the calls that it has finished.
pub(crate) async fn endless() -> (Running, UnboundedReceiver<FinishedCall>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1_024];
        _ = stream.read(&mut head).await;
        _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            .await;
        while stream.write_all(&[0; 65_536]).await.is_ok() {}
    });
    let client = Client::builder().base_url(url).token("cfc_FAKE0token");
    let (tell, told) = unbounded_channel();
    let gateway = Gateway::builder(client)
        .on_finished(move |call| _ = tell.send(call.clone()))
        .build()
        .unwrap();
    let running = Running::with(gateway, |server| {
        server.write_timeout(Duration::from_millis(500))
    });
    (running, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_takes_nothing_has_little_read_ahead_and_is_given_up() {
    let (running, mut told) = endless().await;
    let mut stream = running.connect().await;
    let call = "GET /file HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(call.as_bytes()).await.unwrap();
    // The connection stays open, and nothing is read.
    let call = timeout(LONG, told.recv()).await.expect("given up").unwrap();
    assert_eq!(call.ending(), Ending::CallerGone);
    assert!((1..2_000_000).contains(&call.sent()), "{}", call.sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_reset_in_a_loop_harm_nobody_else() {
    let statuses = Arc::new(Mutex::new(Vec::new()));
    let seen = statuses.clone();
    let house = Emulated::of(
        comfycontrol_emulator::Emulator::builder().limit(None),
        |gateway| gateway.on_finished(move |call| seen.lock().unwrap().push(call.status())),
    )
    .await;
    let stream = TokioIo::new(house.running.connect().await);
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
    let (mut sender, connection) = shaken.unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..300 {
        // The gateway may have had enough of it.
        if sender.ready().await.is_err() {
            break;
        }
        let request = Request::get("http://localhost/v1/user").header("x-caller", "mallory");
        let call = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap());
        _ = timeout(Duration::from_micros(200), call).await;
    }
    let other = timeout(LONG, house.running.get("/v1/user", "x-caller: ann\r\n")).await;
    let other = other.expect("its turn");
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    drop(sender);
    connection.abort();
    assert_eq!(house.emulator.edge().throttled(), 0);
    assert!(!statuses.lock().unwrap().is_empty());
}
