use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

use comfycontrol_emulator::Emulator;

use crate::support::{Emulated, LONG, used_up};

const MEGABYTES: usize = 2_000_000;

async fn waiting() -> Emulated {
    let limiter = used_up(Duration::from_secs(60)).await;
    Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.limiter(limiter).max_wait(Duration::from_secs(600))
    })
    .await
}

/// Calls that wait, the one at the limiter included.
fn places(house: &Emulated) -> usize {
    let priority = house.running.gateway.priority();
    priority.snapshot().queued() + priority.limiter().snapshot().queued()
}

async fn until_places(house: &Emulated, count: usize) {
    let reached = async {
        while places(house) != count {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let reached = timeout(LONG, reached).await;
    reached.unwrap_or_else(|_| panic!("{} places, not {count}", places(house)));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_callers_with_two_megabytes_leave_and_keep_nothing_over_http_1() {
    let house = waiting().await;
    let mut callers = Vec::new();
    for _ in 0..10 {
        let mut stream = house.running.connect().await;
        let head = format!(
            "POST /v1/workflow HTTP/1.1\r\nhost: localhost\r\ncontent-length: {MEGABYTES}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; MEGABYTES]).await.unwrap();
        callers.push(stream);
    }
    until_places(&house, 10).await;
    let before = house
        .running
        .gateway
        .priority()
        .limiter()
        .snapshot()
        .granted();
    drop(callers);
    until_places(&house, 0).await;
    let after = house
        .running
        .gateway
        .priority()
        .limiter()
        .snapshot()
        .granted();
    assert_eq!((after, house.emulator.edge().requests()), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_keep_nothing_over_http_2_either() {
    let house = waiting().await;
    let stream = TokioIo::new(house.running.connect().await);
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
    let (mut sender, connection) = shaken.unwrap();
    tokio::spawn(connection);
    let mut calls = Vec::new();
    for _ in 0..10 {
        sender.ready().await.unwrap();
        let body = Full::new(Bytes::from(vec![b'x'; MEGABYTES]));
        let request = Request::post("http://localhost/v1/workflow")
            .body(body)
            .unwrap();
        calls.push(tokio::spawn(sender.send_request(request)));
    }
    until_places(&house, 10).await;
    for call in calls {
        call.abort();
    }
    until_places(&house, 0).await;
    assert_eq!(house.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_in_the_middle_of_its_body_has_had_no_place() {
    let house = waiting().await;
    let mut stream = house.running.connect().await;
    let head = "POST /v1/workflow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nhalf";
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    drop(stream);
    until_places(&house, 0).await;
    assert_eq!(house.emulator.edge().requests(), 0);
}
