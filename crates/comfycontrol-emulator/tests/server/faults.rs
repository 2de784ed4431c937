//! What each fault looks like to a client.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Limit, Shape};
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Account, BoxError, TestResponse, bare, fetch};

#[tokio::test]
async fn a_reset_ends_the_connection_before_the_head() {
    let account = Account::open().await;
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::Reset));
    assert!(try_get(&account).await.is_err());
    assert_eq!(try_get(&account).await.unwrap().status, 200);
    assert_eq!(account.emulator.edge().requests(), 2);
}

#[tokio::test]
async fn a_reset_is_one_for_the_whole_connection() {
    let account = Account::open().await;
    let reset = || {
        account
            .emulator
            .faults()
            .add(FaultRule::next(1, Fault::Reset))
    };
    let url = account.emulator.http_url();
    let address = url.strip_prefix("http://").unwrap();

    reset();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let error = stream.read(&mut [0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    assert_eq!(
        sender
            .send_request(bare(url.clone()))
            .await
            .unwrap()
            .status(),
        401
    );
    reset();
    assert!(sender.send_request(bare(url.clone())).await.is_err());
    assert!(timeout(SOON, connection).await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn a_reset_in_the_body_comes_after_the_head_and_some_bytes() {
    let account = Account::open().await;
    let mut response = account.meet(Fault::ResetInBody).await;
    assert_eq!(response.status(), 200);
    let length: usize = response.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let some = response
        .frame()
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .unwrap();
    assert!(!some.is_empty() && some.len() < length);
    assert!(response.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn a_stalled_body_stays_open_without_a_byte() {
    let account = Account::open().await;
    let mut response = account.meet(Fault::Stall).await;
    assert!(response.frame().await.unwrap().is_ok());
    let nothing = timeout(Duration::from_millis(100), response.frame()).await;
    assert!(nothing.is_err());
}

#[tokio::test]
async fn a_truncated_body_ends_properly() {
    let account = Account::open().await;
    let whole = account.get("/v1/runner?per_page=100").await.body;
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::Truncate));
    let half = account.get("/v1/runner?per_page=100").await.body;
    assert_eq!(half, whole.slice(..whole.len() / 2));
}

#[tokio::test]
async fn a_delayed_response_is_late_and_whole() {
    let account = Account::open().await;
    let delay = Fault::Delay(Duration::from_millis(150));
    account.emulator.faults().add(FaultRule::next(1, delay));
    let impatient = timeout(Duration::from_millis(50), account.get("/v1/user")).await;
    assert!(impatient.is_err());
    let delay = Fault::Delay(Duration::from_millis(20));
    account.emulator.faults().add(FaultRule::next(1, delay));
    assert_eq!(account.get("/v1/user").await.status, 200);
}

#[tokio::test]
async fn a_response_and_a_content_type_can_be_put_in() {
    let rule = FaultRule::next(
        1,
        Fault::Respond(Shape::Structured(StatusCode::from_u16(522).unwrap())),
    );
    let account = Account::of(
        Emulator::builder()
            .limit(None)
            .fault(rule)
            .start()
            .await
            .unwrap(),
    );
    let faults = account.emulator.faults();
    faults.add(FaultRule::next(1, Fault::WrongContentType));
    let failed = account.get("/v1/user").await;
    assert_eq!(
        (failed.status, &failed.headers["retry-after"] == "120"),
        (522, true)
    );
    let wrong = account.get("/v1/user").await;
    assert_eq!(wrong.headers["content-type"], "text/html; charset=UTF-8");
    assert_eq!(wrong.json()["tier"], "pro");
    faults.add(FaultRule::chance(1.0, 1, Fault::Reset).path("/v1/runner"));
    assert_eq!(account.get("/v1/user").await.status, 200);
    let runner = account
        .request("GET", "/v1/runner")
        .body(Full::default())
        .unwrap();
    assert!(fetch(runner).await.is_err());
    faults.clear();
    assert_eq!(account.get("/v1/runner").await.status, 200);
}

#[tokio::test]
async fn a_429_is_never_tampered_with_and_uses_no_fault_up() {
    let limit = Limit::new(1, Duration::from_secs(10)).unwrap();
    let account = Account::of(Emulator::builder().limit(limit).start().await.unwrap());
    account.get("/v1/user").await;
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::Reset));
    account
        .get("/v1/user")
        .await
        .assert_error(429, "Rate limit exceeded");
    account.emulator.edge().set_limit(None);
    assert!(try_get(&account).await.is_err());
}

// === support ===

/// Less than the grace that a shutdown gives.
const SOON: Duration = Duration::from_millis(500);

async fn try_get(account: &Account) -> Result<TestResponse, BoxError> {
    fetch(
        account
            .request("GET", "/v1/user")
            .body(Full::default())
            .unwrap(),
    )
    .await
}
