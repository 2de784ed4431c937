use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::{Ending, FinishedCall};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use crate::support::{Emulated, LONG};

const LARGE: usize = 6_000_000;

async fn small() -> Emulated {
    Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.max_request_body(1_000_000)
    })
    .await
}

/// Sends all before it reads, as Python's http.client.
async fn send_then_read(house: &Emulated, head: &str, body: &[u8]) -> String {
    let mut stream = house.running.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.expect("is taken");
    // The rest is on its way when the response is there.
    sleep(Duration::from_millis(50)).await;
    let mut response = vec![0; 4_096];
    let read = timeout(LONG, stream.read(&mut response)).await.unwrap();
    response.truncate(read.expect("is not reset"));
    String::from_utf8(response).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_all_of_a_body_that_is_too_large_reads_the_413() {
    let house = small().await;
    let head = format!("POST /v1/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: {LARGE}\r\n\r\n");
    let response = send_then_read(&house, &head, &vec![b'x'; LARGE]).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");

    let head = "POST /v1/a HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
    let body = [chunk.repeat(90), b"0\r\n\r\n".to_vec()].concat();
    let response = send_then_read(&house, head, &body).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");

    // And so whatever it is refused for.
    let head =
        format!("POST /v1/a HTTP/1.1\r\nhost: evil.example\r\ncontent-length: {LARGE}\r\n\r\n");
    let response = send_then_read(&house, &head, &vec![b'x'; LARGE]).await;
    assert!(response.starts_with("HTTP/1.1 421"), "{response}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_before_it_sends_need_not_send() {
    let house = small().await;
    let call = format!(
        "POST /v1/a HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {LARGE}\r\n\r\n"
    );
    let response = house.running.say(call).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_seconds_are_now_or_not_at_all() {
    let quota = Quota::new(2, Duration::from_secs(60)).unwrap();
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.quota(quota).limiter(Limiter::new(quota))
    })
    .await;
    let call = async || house.running.get("/v1/user", "prefer: wait=0\r\n").await;
    for _ in 0..2 {
        let response = call().await;
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        assert!(
            response.contains("preference-applied: wait=0\r\n"),
            "{response}"
        );
    }
    let late = call().await;
    assert!(late.starts_with("HTTP/1.1 503"), "{late}");

    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.max_wait(Duration::ZERO)
    })
    .await;
    let response = house.running.get("/v1/user", "").await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

async fn watched() -> (Emulated, UnboundedReceiver<FinishedCall>) {
    let (tell, told) = unbounded_channel();
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.on_finished(move |call| _ = tell.send(call.clone()))
    })
    .await;
    (house, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_who_has_gone_and_who_has_its_head() {
    let (house, mut told) = watched().await;
    let half = "POST /v1/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf";
    let mut stream = house.running.connect().await;
    stream.write_all(half.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    drop(stream);
    let call = timeout(LONG, told.recv()).await.unwrap().unwrap();
    assert_eq!((call.status(), call.ending()), (None, Ending::CallerGone));

    // Bytes that are no chunk come from one that is there.
    let broken =
        "POST /v1/a HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    let response = house.running.say(broken).await;
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");
    let call = timeout(LONG, told.recv()).await.unwrap().unwrap();
    assert_eq!(call.status().map(|status| status.as_u16()), Some(400));
    assert_eq!(call.ending(), Ending::Whole);

    for path in ["/v1/workflow/none/subscribe", "/v1/user", "//evil"] {
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let response = house.running.say(head).await;
        assert!(response.starts_with("HTTP/1.1 "), "{response}");
        let call = timeout(LONG, told.recv()).await.unwrap().unwrap();
        assert_eq!((call.sent(), call.ending()), (0, Ending::Whole), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_that_a_body_takes_is_no_wait_for_a_slot() {
    let (house, mut told) = watched().await;
    let slow = Duration::from_secs(2);
    let head = "POST /v1/a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 4\r\n\r\nha";
    let mut stream = house.running.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(slow).await;
    stream.write_all(b"lf").await.unwrap();
    let call = timeout(LONG, told.recv()).await.unwrap().unwrap();
    assert!(call.took() >= slow, "{call:?}");
    assert!(
        call.waited() < call.took().saturating_sub(slow / 2),
        "{call:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_kept_in_the_directory_that_was_set() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join("bodies");
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.spool_directory(&directory)
    })
    .await;
    let large = async || {
        let head = "POST /v1/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2000000\r\n\r\n";
        send_then_read(&house, head, &[b'x'; 2_000_000]).await
    };
    let no_room = large().await;
    assert!(no_room.starts_with("HTTP/1.1 503"), "{no_room}");
    assert_eq!(house.emulator.edge().requests(), 0);
    std::fs::create_dir(&directory).unwrap();
    let sent = large().await;
    assert!(sent.starts_with("HTTP/1.1 404"), "{sent}");
    assert_eq!(house.emulator.edge().requests(), 1);
}
