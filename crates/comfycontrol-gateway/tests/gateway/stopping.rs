use std::time::Duration;

use bytes::Bytes;
use comfycontrol::Client;
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::{Gateway, Listener, Tls};
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Emulated, LONG, Running, Scripted, used_up};

async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    _ = timeout(LONG, stream.read_to_end(&mut all))
        .await
        .expect("is closed");
    String::from_utf8_lossy(&all).into_owned()
}

async fn begin(running: &Running, text: &str) -> TcpStream {
    let mut stream = running.connect().await;
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn until_it_stops(running: &Running) {
    let stops = async {
        while !running
            .get("/v1/user", "")
            .await
            .starts_with("HTTP/1.1 503")
        {}
    };
    timeout(LONG, stops).await.expect("the stop begins");
}

const CALL: &str = "GET /v1/user HTTP/1.1\r\nhost: localhost\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Longer than any test waits.
const NEVER: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_holds_nothing_up() {
    let mut house = Emulated::new().await;
    let nothing = begin(&house.running, "").await;
    let half = begin(&house.running, "GET /v1/user HTTP/1.1\r\nhost: loc").await;
    let half_of_2 = begin(&house.running, "PRI * HTTP/2.0\r\n\r\nSM").await;
    sleep(Duration::from_millis(100)).await;
    house.running.begin_stop();
    let cut = timeout(Duration::from_secs(10), house.running.stopped()).await;
    assert_eq!(cut.expect("not held up"), 0);
    for stream in [nothing, half, half_of_2] {
        rest(stream).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_event_stream_ends_whole_so_that_its_caller_comes_back() {
    let said = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                transfer-encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n";
    let upstream = Scripted::held(said).await;
    let mut running = upstream.running();
    let mut stream = running.connect().await;
    let call = "GET /v1/workflow/1/subscribe HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut begun = Vec::new();
    while !String::from_utf8_lossy(&begun).contains("data: 1") {
        begun.push(timeout(LONG, stream.read_u8()).await.unwrap().unwrap());
    }
    running.begin_stop();
    let end = rest(stream).await;
    assert!(end.ends_with("0\r\n\r\n"), "{end}");
    let cut = timeout(Duration::from_secs(10), running.stopped()).await;
    assert_eq!(cut.expect("not held up"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_to_come_back_and_nothing_is_sent() {
    let limiter = used_up(Duration::from_secs(60)).await;
    let mut house = Emulated::of(Emulator::builder().limit(None), |gateway| {
        gateway.limiter(limiter).max_wait(Duration::from_secs(600))
    })
    .await;
    let body = "POST /v1/workflow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\
                expect: 100-continue\r\n\r\n";
    let (first, second) = (
        begin(&house.running, CALL).await,
        begin(&house.running, CALL).await,
    );
    let mut body = begin(&house.running, body).await;
    // Its body is being read.
    let mut interim = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    let read = timeout(LONG, body.read_exact(&mut interim)).await;
    read.expect("is asked for the body").unwrap();
    body.write_all(b"half").await.unwrap();
    let two_wait = async {
        let priority = house.running.gateway.priority();
        while priority.snapshot().queued() + priority.limiter().snapshot().queued() != 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, two_wait).await.expect("they wait");
    house.running.begin_stop();
    for stream in [first, second, body] {
        let response = rest(stream).await;
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
        assert!(response.contains("retry-after: 2\r\n"), "{response}");
        assert!(
            response.contains("{\"message\":\"the gateway stops"),
            "{response}"
        );
    }
    assert_eq!(house.running.stopped().await, 0);
    assert_eq!(house.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_left_is_responded_to() {
    let (upstream, release) = Scripted::released(OK).await;
    let mut running = upstream.running();
    let stream = begin(&running, CALL).await;
    upstream.asked().await;
    running.begin_stop();
    until_it_stops(&running).await;
    release.send(()).unwrap();
    let response = rest(stream).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(running.stopped().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_longer_than_the_bound_is_cut_off() {
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun";
    let upstream = Scripted::held(said).await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let drain = Duration::from_millis(300);
    let mut running = Running::with(gateway, |server| server.drain(drain));
    let mut stream = running.connect().await;
    let call = "GET /file HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(call.as_bytes()).await.unwrap();
    stream.read_u8().await.unwrap();
    running.begin_stop();
    let response = rest(stream).await;
    assert!(response.ends_with("begun"), "{response}");
    assert_eq!(running.stopped().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_stops_it_says_so_to_who_asks_or_calls() {
    let (upstream, release) = Scripted::released(OK).await;
    let page =
        tower::service_fn(async |_: Request<()>| Ok(http::Response::new("the page".to_owned())));
    let gateway = Gateway::builder(upstream.client()).pages(page).build();
    let mut running = Running::with(gateway.unwrap(), |server| server.drain(NEVER));
    let stream = begin(&running, CALL).await;
    upstream.asked().await;
    running.begin_stop();
    until_it_stops(&running).await;
    // Nor does what says nothing hold it up.
    let nothing = begin(&running, "GET / HT").await;
    let response = timeout(LONG, running.say(CALL)).await.expect("is closed");
    assert!(response.contains("retry-after: 2\r\n"), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
    let page = running.get("/_/ready", "").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.ends_with("the page"),
        "{page}"
    );

    release.send(()).unwrap();
    let response = rest(stream).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(running.stopped().await, 0);
    rest(nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_on_and_on_over_http_2_while_it_stops_is_sent_away() {
    let (upstream, release) = Scripted::released(OK).await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let mut running = Running::with(gateway, |server| server.drain(NEVER));
    let stream = begin(&running, CALL).await;
    upstream.asked().await;
    running.begin_stop();
    until_it_stops(&running).await;

    let late = TokioIo::new(running.connect().await);
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), late).await;
    let (mut sender, connection) = shaken.unwrap();
    let connection = tokio::spawn(connection);
    let mut told = 0;
    let calls = async {
        while sender.ready().await.is_ok() {
            let request = Request::get("http://localhost/v1/user");
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            if let Ok(response) = sender.send_request(request).await {
                assert_eq!(response.status(), 503);
                told += 1;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, calls).await.expect("is sent away");
    assert!(told > 0, "and is told why");
    timeout(LONG, connection).await.expect("ends").unwrap().ok();

    release.send(()).unwrap();
    rest(stream).await;
    assert_eq!(running.stopped().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_of_its_tls_that_says_nothing_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(path("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let tls = Tls::from_files(path("cert.pem"), path("key.pem")).unwrap();
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).tls(tls);
    let (upstream, release) = Scripted::released(OK).await;
    let gateway = Gateway::new(upstream.client()).unwrap();
    let mut running = Running::at(listener, gateway, |server| {
        server.head_timeout(NEVER).drain(NEVER)
    });
    let caller = Client::builder()
        .base_url(format!("https://localhost:{}", running.address.port()))
        .root_certificate(made.cert.der().to_vec())
        .token("cfc_FAKE0token")
        .build()
        .unwrap();
    let call = tokio::spawn(async move { caller.get("/v1/user").send().await });
    upstream.asked().await;
    let nothing = running.connect().await;
    let half = begin(&running, "\u{16}\u{3}\u{1}").await;
    sleep(Duration::from_millis(100)).await;
    running.begin_stop();
    rest(nothing).await;
    rest(half).await;

    release.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(running.stopped().await, 0);
}
