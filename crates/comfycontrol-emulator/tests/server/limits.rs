//! What is too much, in number or in size.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Limit, Throttled};
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Account, fetch, send};
use crate::h2::{H2, get};
use crate::raw;

#[tokio::test]
async fn the_41st_request_and_all_after_it_are_throttled() {
    let limit = Limit::default();
    let account = Account::of(Emulator::builder().limit(limit).start().await.unwrap());
    for _ in 0..40 {
        assert_eq!(account.get("/v1/user").await.status, 200);
    }
    account
        .get("/v1/user")
        .await
        .assert_error(429, "Rate limit exceeded");
    account.emulator.edge().set_throttled(Throttled::text());
    assert_eq!(account.get("/v1/runner").await.text(), "error code: 1015\n");
    let edge = account.emulator.edge();
    assert_eq!((edge.requests(), edge.throttled()), (42, 2));
    assert_eq!(edge.stats().blocks(), 1);
}

#[tokio::test]
async fn requests_too_large_for_the_edge_get_its_pages() {
    let account = Account::open().await;
    let long = account
        .get(&format!("/v1/user?q={}", "x".repeat(33_000)))
        .await;
    assert_eq!(
        (long.status, &long.headers["content-type"] == "text/html"),
        (414, true)
    );
    let heavy = account
        .request("GET", "/v1/user")
        .header("x-heavy", "x".repeat(132_000));
    let heavy = fetch(heavy.body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(heavy.status, 431);
}

#[tokio::test]
async fn an_upload_above_50_mb_gets_a_413() {
    let account = Account::open().await;
    let request = account.request("POST", "/v1/workflow");
    let request = request
        .header("expect", "100-continue")
        .header("content-length", 50_000_001);
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    // Turned away by its head; the body is never asked for.
    let response = send(request.body(vec![0; 50_000_001].into()).unwrap()).await;
    assert_eq!(response.unwrap().status(), 413);
}

#[tokio::test]
async fn connections_that_say_nothing_make_room_for_others() {
    for silence in [&b""[..], b"GET /v1/us", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let builder = Emulator::builder().limit(None).max_connections(2);
        let builder = builder.head_timeout(Duration::from_millis(50));
        let account = Account::of(builder.start().await.unwrap());
        let silent = [
            silent(account.emulator.http_url(), silence).await,
            silent(account.emulator.http_url(), silence).await,
        ];
        let response = timeout(SOON, account.get("/v1/user")).await;
        assert_eq!(response.expect("the silent ones are closed").status, 200);
        drop(silent);
    }
}

#[tokio::test]
async fn handshakes_that_go_nowhere_make_room_for_others() {
    let builder = Emulator::builder().limit(None).max_connections(1);
    let builder = builder.head_timeout(Duration::from_millis(50));
    let account = Account::of(builder.start().await.unwrap());
    let url = account
        .emulator
        .https_url()
        .replace("https://localhost", "http://127.0.0.1");
    let mut stream = silent(url, b"").await;
    let end = timeout(SOON, stream.read(&mut [0; 64])).await;
    assert_eq!(end.expect("it is closed").unwrap(), 0);
}

#[tokio::test]
async fn an_idle_connection_and_a_body_that_stops_are_closed() {
    let builder = Emulator::builder()
        .limit(None)
        .idle_timeout(Duration::from_millis(50));
    let account = Account::of(builder.start().await.unwrap());
    let raw = timeout(SOON, raw::get(&account, "/v1/user"))
        .await
        .expect("it is closed");
    assert!(raw.parts().0.starts_with("http/1.1 200"));

    let token = &account.token;
    let upload = format!(
        "POST /v1/runner HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n{{"
    );
    let raw = timeout(SOON, raw::send(&account, upload.as_bytes())).await;
    let error = raw.expect("it is reset").error;
    assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset));

    let mut h2 = H2::connect(&account).await;
    assert_eq!(
        h2.fetch(get(&account, "/v1/user")).await.unwrap().status,
        200
    );
    let end = timeout(SOON, h2.connection).await;
    assert!(end.expect("it goes away").unwrap().is_ok());
}

#[tokio::test]
async fn a_connection_in_use_is_never_idle() {
    let builder = Emulator::builder()
        .limit(None)
        .idle_timeout(Duration::from_millis(50));
    let account = Account::of(builder.start().await.unwrap());
    let late = Fault::Delay(Duration::from_millis(300));
    account.emulator.faults().add(FaultRule::next(2, late));
    assert_eq!(account.get("/v1/user").await.status, 200);
    let mut h2 = H2::connect(&account).await;
    assert_eq!(
        h2.fetch(get(&account, "/v1/user")).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn a_form_has_at_most_1000_parts_and_a_workflow_100_tags() {
    let account = Account::open().await;
    let names: Vec<_> = (0..999).map(|number| format!("$p{number}")).collect();
    let mut parts = vec![("name", "", "one"), ("workflow_json", "g.json", "{}")];
    parts.extend(names.iter().take(998).map(|name| (name.as_str(), "", "x")));
    assert_eq!(account.post_form("/v1/workflow", &parts).await.status, 201);
    parts.push((&names[998], "", "x"));
    let denied = account.post_form("/v1/workflow", &parts).await;
    denied.assert_error(400, "at most 1000 parts are allowed");

    let (many, more) = ("a,".repeat(100), "a,".repeat(101));
    for (tags, status) in [(many, 201), (more, 400)] {
        let parts = [
            ("name", "", "one"),
            ("workflow_json", "g.json", "{}"),
            ("tags", "", &tags),
        ];
        assert_eq!(
            account.post_form("/v1/workflow", &parts).await.status,
            status
        );
    }
}

#[tokio::test]
async fn a_runner_is_made_of_64_kb_at_most() {
    let account = Account::open().await;
    let json = |length| {
        let begin = r#"{"name":"a","endpoint":"http://a","x":""#;
        format!("{begin}{}\"}}", "x".repeat(length - begin.len() - 2))
    };
    assert_eq!(
        account.post_json("/v1/runner", &json(65_536)).await.status,
        201
    );
    let denied = account.post_json("/v1/runner", &json(65_537)).await;
    denied.assert_error(413, "request body exceeds 65536 bytes");
}

// === support ===

const SOON: Duration = Duration::from_secs(8);

/// A connection on which these bytes are sent and no more.
async fn silent(url: String, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}
