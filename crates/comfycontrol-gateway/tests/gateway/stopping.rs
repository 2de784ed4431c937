use std::time::Duration;

use comfycontrol_emulator::Emulator;
use comfycontrol_emulator::{Fault, FaultRule};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Emulated, LONG, Scripted, used_up};

async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    _ = timeout(LONG, stream.read_to_end(&mut all))
        .await
        .expect("is closed");
    String::from_utf8_lossy(&all).into_owned()
}

async fn send(house: &Emulated, text: &str) -> TcpStream {
    let mut stream = house.running.connect().await;
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_holds_nothing_up() {
    let mut house = Emulated::new().await;
    let nothing = send(&house, "").await;
    let half = send(&house, "GET /v1/user HTTP/1.1\r\nhost: loc").await;
    let half_of_2 = send(&house, "PRI * HTTP/2.0\r\n\r\nSM").await;
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
    let call = "GET /v1/user HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let body = "POST /v1/workflow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\
                expect: 100-continue\r\n\r\n";
    let (first, second) = (send(&house, call).await, send(&house, call).await);
    let mut body = send(&house, body).await;
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
    let second = Duration::from_secs(1);
    let emulator = Emulator::builder()
        .limit(None)
        .fault(FaultRule::next(1, Fault::Delay(second)));
    let mut house = Emulated::of(emulator, |gateway| gateway).await;
    let stream = send(&house, "GET /v1/user HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    while house.emulator.edge().requests() == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    house.running.begin_stop();
    let response = rest(stream).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(house.running.stopped().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lasts_longer_than_the_bound_is_cut_off() {
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun";
    let upstream = Scripted::held(said).await;
    let gateway = comfycontrol_gateway::Gateway::new(upstream.client()).unwrap();
    let drain = Duration::from_millis(300);
    let mut running = crate::support::Running::with(gateway, |server| server.drain(drain));
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
    let emulator = Emulator::builder()
        .limit(None)
        .fault(FaultRule::next(1, Fault::Delay(Duration::from_secs(2))));
    let page = tower::service_fn(async |_: http::Request<()>| {
        Ok(http::Response::new("the page".to_owned()))
    });
    let mut house = Emulated::of(emulator, |gateway| gateway.pages(page)).await;
    let running = send(&house, "GET /v1/user HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    while house.emulator.edge().requests() == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    house.running.begin_stop();
    timeout(LONG, async {
        while !house
            .running
            .get("/v1/user", "")
            .await
            .starts_with("HTTP/1.1 503")
        {}
    })
    .await
    .expect("the stop begins");
    // Nor does what says nothing hold it up.
    let nothing = send(&house, "GET / HT").await;
    let call = "GET /v1/user HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let response = timeout(LONG, house.running.say(call))
        .await
        .expect("is closed");
    assert!(response.contains("retry-after: 2\r\n"), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
    let page = house.running.get("/_/ready", "").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.ends_with("the page"),
        "{page}"
    );

    let response = rest(running).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert_eq!(house.running.stopped().await, 0);
    rest(nothing).await;
}
