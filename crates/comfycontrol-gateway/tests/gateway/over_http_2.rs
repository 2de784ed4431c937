use bytes::Bytes;
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::Ending;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::timeout;

use crate::slow::endless;
use crate::support::{Emulated, LONG, Running};

type Sender = SendRequest<BoxBody<Bytes, std::convert::Infallible>>;

async fn connect(running: &Running) -> Sender {
    let stream = TokioIo::new(running.connect().await);
    let shaken = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(0x10000)
        .handshake(stream)
        .await;
    let (sender, connection) = shaken.unwrap();
    tokio::spawn(connection);
    sender
}

async fn get(sender: &Sender, path: &str) -> Response<Incoming> {
    let request = Request::get(format!("http://localhost{path}"));
    let request = request.body(Empty::new().boxed()).unwrap();
    let response = timeout(LONG, sender.clone().send_request(request)).await;
    response.expect("its turn").expect("the connection lives")
}

/// Each part of 64 KiB.
async fn post(sender: &Sender, parts: usize, is_announced: bool) -> Response<Incoming> {
    let part = Bytes::from(vec![b'x'; 0x10000]);
    let body = if is_announced {
        Full::new(part.repeat(parts).into()).boxed()
    } else {
        let parts = (0..parts).map(move |_| Ok(Frame::data(part.clone())));
        StreamBody::new(stream::iter(parts.collect::<Vec<_>>())).boxed()
    };
    let request = Request::post("http://localhost/v1/a").body(body).unwrap();
    let response = timeout(LONG, sender.clone().send_request(request)).await;
    response.expect("in time").expect("the refusal is seen")
}

async fn text(response: Response<Incoming>) -> String {
    let body = timeout(LONG, response.into_body().collect()).await;
    let body = body.expect("ends").expect("whole").to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The response to a large body, during which another call of the connection is served.
async fn refused(sender: &Sender, is_announced: bool) -> Response<Incoming> {
    let (refused, other) = tokio::join!(post(sender, LARGE, is_announced), get(sender, "/v1/user"));
    assert_eq!(other.status(), 200);
    assert!(text(other).await.contains("name"));
    refused
}

/// More in all than the windows of the connection: what was not read of the bodies is given back.
const LARGE: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_413_is_seen_while_its_body_is_sent_and_the_connection_goes_on() {
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.max_request_body(1_000_000)
    })
    .await;
    let sender = connect(&house.running).await;
    for turn in 0..10 {
        let refused = refused(&sender, turn % 2 == 0).await;
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert!(text(refused).await.contains("at most 1000000 bytes"));
    }
    assert_eq!(
        post(&sender, 10, false).await.status(),
        404,
        "one that fits"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_503_is_seen_while_its_body_is_sent_and_the_connection_goes_on() {
    let house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.max_spooled(2_000_000)
    })
    .await;
    let sender = connect(&house.running).await;
    for turn in 0..10 {
        let refused = refused(&sender, turn % 2 == 0).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["retry-after"], "5");
        assert!(text(refused).await.contains("no room"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_is_not_taken_is_given_up_and_the_connection_goes_on() {
    let (running, mut told) = endless().await;
    let sender = connect(&running).await;
    let stalled = get(&sender, "/file").await;
    // The connection itself is in use.
    assert_eq!(get(&sender, "/_/none").await.status(), 404);
    let call = loop {
        let call = timeout(LONG, told.recv()).await.expect("given up").unwrap();
        if call.path() == "/file" {
            break call;
        }
    };
    assert_eq!(call.ending(), Ending::CallerGone);
    assert!((1..2_000_000).contains(&call.sent()), "{}", call.sent());
    assert_eq!(get(&sender, "/_/none").await.status(), 404);
    let rest = timeout(LONG, stalled.into_body().collect()).await;
    rest.expect("ends").expect_err("it does not look whole");
}
