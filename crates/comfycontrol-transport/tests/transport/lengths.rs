//! Bodies are as long as their `Content-Length` says, in both directions.

use std::error::Error;

use bytes::Bytes;
use comfycontrol_test::http2::{DATA, END_STREAM, RST_STREAM, frame};
use comfycontrol_transport::{Transport, TransportBuilder, TransportError, TransportErrorKind};
use http::{Method, Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use crate::frames::{head, saying};
use crate::server::{Server, http_1};
use crate::support::{Body, get, post, send, shown};

/// An end that HTTP/2 calls no error.
fn no_error() -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &0u32.to_be_bytes())
}

#[tokio::test]
async fn half_a_body_over_http_2_is_an_error_that_says_how_much_is_missing() {
    let half = [
        head(1, 200, &[("content-length", "20000")]),
        frame(DATA, 0, 1, &[b'x'; 10_000]),
        no_error(),
    ];
    let (server, transport) = saying(half.concat()).await;
    let response = send(&transport, get(url(&server))).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(20_000));
    let mut come = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => come += frame.into_data().unwrap().len(),
            Err(error) => break error,
        }
        assert!(!body.is_end_stream(), "there is more to ask for");
    };
    assert_eq!(come, 10_000);
    assert_eq!(error.to_string(), "ended 10000 bytes early");
    assert!(body.frame().await.is_none() && body.is_end_stream());

    let error = TransportError::new(error);
    assert_eq!(error.kind(), TransportErrorKind::ResponseBody);
    assert!(error.is_transient() && !error.is_unprocessed());
}

#[tokio::test]
async fn nothing_of_a_body_over_http_2_is_not_an_empty_body() {
    let nothing = [head(1, 200, &[("content-length", "5")]), no_error()];
    let (server, transport) = saying(nothing.concat()).await;
    let response = send(&transport, get(url(&server))).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(error.to_string(), "ended 5 bytes early");
}

#[tokio::test]
async fn more_than_was_announced_over_http_2_is_an_error() {
    let more = [
        head(1, 200, &[("content-length", "4")]),
        frame(DATA, END_STREAM, 1, b"hello"),
    ];
    let (server, transport) = saying(more.concat()).await;
    let failed = match send(&transport, get(url(&server))).await {
        Ok(response) => response.into_body().collect().await.is_err(),
        Err(_) => true,
    };
    assert!(failed);
}

#[tokio::test]
async fn an_early_response_to_an_upload_is_delivered_whole() {
    let early = [
        head(1, 413, &[("content-length", "9")]),
        frame(DATA, END_STREAM, 1, b"too large"),
        no_error(),
    ];
    let (server, transport) = saying(early.concat()).await;
    let request = Request::post(url(&server))
        .body(Body::from(vec![0; 1024 * 1024]))
        .unwrap();
    let response = send(&transport, request).await.unwrap();
    assert_eq!(response.status(), 413);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "too large");
}

#[tokio::test]
async fn the_length_of_a_response_to_head_is_what_is_announced() {
    let answer = "HTTP/1.1 200 X\r\ncontent-length: 20000\r\n\r\n";
    let plain = http_1(answer.into()).await;
    let transport_1 = TransportBuilder::new().no_proxy().build().unwrap();
    let mut answer = head(1, 200, &[("content-length", "20000")]);
    answer[4] |= END_STREAM;
    let (secure, transport_2) = saying(answer).await;
    let plain = format!("http://{}/", plain.address());
    for (transport, url) in [(transport_1, plain), (transport_2, url(&secure))] {
        let request = Request::head(&url).body(Body::default()).unwrap();
        let body = send(&transport, request).await.unwrap().into_body();
        assert_eq!(body.size_hint().exact(), Some(20_000), "{url}");
        assert_eq!(body.collect().await.unwrap().to_bytes(), "");
    }
}

#[tokio::test]
async fn the_body_of_a_service_is_counted_as_well() {
    let ask = async |method: Method, status: u16, stated: &'static str| {
        let service = service_fn(move |_: Request<Body>| async move {
            Response::builder()
                .status(status)
                .header("content-length", stated)
                .body(Full::<Bytes>::from("hello"))
        });
        let mut request = get("http://anywhere.example/");
        *request.method_mut() = method;
        let response = Transport::from_service(service).oneshot(request).await;
        let body = response.unwrap().into_body().collect().await;
        body.map(|body| body.to_bytes()).map_err(|e| e.to_string())
    };
    assert_eq!(ask(Method::GET, 200, "5").await, Ok("hello".into()));
    let early = Err("ended 3 bytes early".to_owned());
    assert_eq!(ask(Method::GET, 200, "8").await, early);
    assert_eq!(ask(Method::GET, 404, "8").await, early);
    let long = Err("longer than its content-length".to_owned());
    assert_eq!(ask(Method::GET, 200, "4").await, long);
    // What these announce is not what they have.
    for (method, status) in [(Method::HEAD, 200), (Method::GET, 204), (Method::GET, 304)] {
        assert_eq!(ask(method, status, "8").await, Ok("hello".into()));
    }
}

#[tokio::test]
async fn headers_that_disagree_with_a_body_are_refused_before_anything_is_sent() {
    let server = Server::silent().await;
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    for (name, value) in [
        ("content-length", "0"),
        ("content-length", "8"),
        ("content-length", "seven"),
        ("transfer-encoding", "chunked"),
    ] {
        for scheme in ["http", "https"] {
            let mut request = post(format!("{scheme}://{}/", server.address()));
            request.headers_mut().insert(name, value.parse().unwrap());
            let error = send(&transport, request).await.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::RequestFraming);
            assert!(error.is_unprocessed() && !error.is_transient());
            assert!(
                error.source().unwrap().to_string().contains(name),
                "{}",
                shown(&error)
            );
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_length_that_agrees_is_sent_once() {
    let emulator = crate::support::edge().await;
    let transport = crate::support::transport(&emulator);
    for url in [emulator.http_url(), emulator.https_url()] {
        let mut request = post(url);
        let length = "7".parse().unwrap();
        request.headers_mut().insert("content-length", length);
        send(&transport, request).await.unwrap();
    }
    for seen in emulator.captured_requests() {
        let lengths: Vec<_> = seen.headers().get_all("content-length").iter().collect();
        assert_eq!(lengths, ["7"]);
    }
}

// === support ===

fn url(server: &Server) -> String {
    format!("https://localhost:{}/", server.port())
}
