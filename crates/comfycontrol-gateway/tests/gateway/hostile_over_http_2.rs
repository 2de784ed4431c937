use std::time::Duration;

use comfycontrol_gateway::Gateway;
use comfycontrol_test::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM,
    SETTINGS, frame,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Emulated, LONG, Running, Scripted};

/// Literals that are not indexed (RFC 7541 §6.2.2), each shorter than 127 bytes.
fn fields(list: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let field = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    list.iter().flat_map(field).collect()
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "http");
const AUTHORITY: (&str, &str) = (":authority", "localhost");
const PATH: (&str, &str) = (":path", "/v1/user");

async fn greeted(house: &Emulated) -> TcpStream {
    let mut stream = house.running.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    let settings = frame(SETTINGS, 0, 0, &[]);
    stream.write_all(&settings).await.unwrap();
    stream
}

/// What comes until the first stream has its response or is reset, or the connection ends.
async fn outcome(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let read = async {
        while let Ok(came) = Frame::read(&mut stream).await {
            all.extend_from_slice(&came.payload);
            if matches!(came.kind, HEADERS | RST_STREAM | GOAWAY) {
                return;
            }
        }
    };
    timeout(LONG, read).await.expect("an outcome");
    all
}

#[tokio::test]
async fn strange_heads_over_http_2_are_refused_and_reach_nobody() {
    let house = Emulated::new().await;
    let ordinary = [METHOD, SCHEME, AUTHORITY, PATH];
    let with = |field| [&ordinary[..], &[field]].concat();
    for (what, list) in [
        ("a field of a connection", with(("connection", "close"))),
        ("chunks", with(("transfer-encoding", "chunked"))),
        ("other codings", with(("te", "gzip"))),
        ("large letters", with(("X-Large", "1"))),
        ("a line in a value", with(("x", "1\r\nhost: evil.example"))),
        ("a line in a name", with(("x: 1\r\ny", "1"))),
        ("two paths", with((":path", "/v1/runner"))),
        ("a pseudo-field of another's", with((":status", "200"))),
        ("a length without a body", with(("content-length", "5"))),
        ("another host", with(("host", "evil.example"))),
        ("no path", vec![METHOD, SCHEME, AUTHORITY]),
        (
            "an empty path",
            vec![METHOD, SCHEME, AUTHORITY, (":path", "")],
        ),
        (
            "half a path",
            vec![METHOD, SCHEME, AUTHORITY, (":path", "v1/user")],
        ),
        (
            "another path",
            vec![METHOD, SCHEME, AUTHORITY, (":path", "http://evil.example/")],
        ),
        (
            "a line in the path",
            vec![METHOD, SCHEME, AUTHORITY, (":path", "/ HTTP/1.1\r\nx: 1")],
        ),
        ("no method", vec![SCHEME, AUTHORITY, PATH]),
        ("no host", vec![METHOD, SCHEME, PATH]),
        (
            "another authority",
            vec![METHOD, SCHEME, (":authority", "evil.example"), PATH],
        ),
        (
            "a user",
            vec![METHOD, SCHEME, (":authority", "evil@localhost"), PATH],
        ),
        (
            "a tunnel",
            vec![(":method", "CONNECT"), (":authority", "localhost:443")],
        ),
    ] {
        let mut stream = greeted(&house).await;
        let head = frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&list));
        stream.write_all(&head).await.unwrap();
        let said = outcome(stream).await;
        let token = house.token.as_bytes();
        assert!(
            !said.windows(token.len()).any(|part| part == token),
            "{what}"
        );
        assert_eq!(house.emulator.edge().requests(), 0, "{what}");
        let other = house.running.get("/_/", "").await;
        assert!(
            other.starts_with("HTTP/1.1 404"),
            "{what}: others are served"
        );
    }
    let mut stream = greeted(&house).await;
    let head = frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&ordinary));
    stream.write_all(&head).await.unwrap();
    outcome(stream).await;
    assert_eq!(
        house.emulator.edge().requests(),
        1,
        "the ordinary one arrives"
    );
}

#[tokio::test]
async fn a_body_of_another_length_than_was_said_reaches_nobody() {
    let house = Emulated::new().await;
    let list = [
        (":method", "POST"),
        SCHEME,
        AUTHORITY,
        PATH,
        ("content-length", "5"),
    ];
    for body in [&b"four"[..], b"sixteen letters."] {
        let mut stream = greeted(&house).await;
        let head = frame(HEADERS, END_HEADERS, 1, &fields(&list));
        stream.write_all(&head).await.unwrap();
        let body = frame(DATA, END_STREAM, 1, body);
        stream.write_all(&body).await.unwrap();
        outcome(stream).await;
        assert_eq!(house.emulator.edge().requests(), 0);
    }
}

/// RFC 9113 §6.5.2.
const INITIAL_WINDOW_SIZE: u8 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_response_for_which_there_is_never_room_is_given_up() {
    let upstream = Scripted::new("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let running = Running::with(gateway, |server| {
        server.write_timeout(Duration::from_millis(300))
    });
    let mut stream = running.connect().await;
    let none = [0, INITIAL_WINDOW_SIZE, 0, 0, 0, 0];
    let ordinary = fields(&[METHOD, SCHEME, AUTHORITY, PATH]);
    let call = [
        PREFACE,
        &frame(SETTINGS, 0, 0, &none),
        &frame(HEADERS, END_HEADERS | END_STREAM, 1, &ordinary),
    ];
    stream.write_all(&call.concat()).await.unwrap();
    let mut kinds = Vec::new();
    let reset = async {
        while kinds.last() != Some(&RST_STREAM) {
            let came = Frame::read(&mut stream).await.expect("goes on");
            kinds.push(came.kind);
        }
    };
    timeout(LONG, reset).await.expect("is reset");
    assert!(
        kinds.contains(&HEADERS) && !kinds.contains(&DATA),
        "{kinds:?}"
    );
}

/// Sends it until the gateway has enough, and reads nothing meanwhile.
async fn flood(house: &Emulated, mut next: impl FnMut(u32) -> Vec<u8>, times: u32) -> TcpStream {
    let mut stream = greeted(house).await;
    let write = async {
        for number in 0..times {
            if stream.write_all(&next(number)).await.is_err() {
                return;
            }
        }
    };
    // It may stop reading too.
    _ = timeout(Duration::from_secs(2), write).await;
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_frames_harm_nobody_else() {
    let house = Emulated::new().await;
    let ordinary = fields(&[METHOD, SCHEME, AUTHORITY, PATH]);
    let more = fields(&[("x", "1")]).repeat(2_000);
    let without_end = |number: u32| match number {
        0 => frame(HEADERS, END_STREAM, 1, &ordinary),
        _ => frame(CONTINUATION, 0, 1, &more),
    };
    let resets = |number: u32| {
        let stream = 2 * number + 1;
        let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &ordinary);
        [head, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    };
    let flooding = [
        flood(&house, without_end, 5_000).await,
        flood(&house, |_| frame(PING, 0, 0, &[0; 8]), 50_000).await,
        flood(&house, |_| frame(SETTINGS, 0, 0, &[]), 50_000).await,
        flood(&house, |_| frame(DATA, 0, 1, &[]), 50_000).await,
        flood(&house, resets, 5_000).await,
    ];
    let other = timeout(LONG, house.running.get("/v1/user", "")).await;
    let other = other.expect("its turn");
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    drop(flooding);
    let priority = house.running.gateway.priority();
    let left = async {
        while priority.snapshot().queued() + priority.limiter().snapshot().queued() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, left).await.expect("nothing of it is left");
}
