//! What a subscriber sees of a call, and what the layer leaves as it is.

use bytes::Bytes;
use comfycontrol_test::{BoxError, Log};
use comfycontrol_trace::{TraceLayer, TracedError};
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{Layer, ServiceExt, service_fn};
use tracing::Span;

#[derive(Debug)]
struct Refused(Option<StatusCode>, Option<&'static str>);

impl TracedError for Refused {
    fn error_type(&self) -> Option<&'static str> {
        self.1
    }

    fn status(&self) -> Option<StatusCode> {
        self.0
    }
}

#[tokio::test]
async fn a_call_is_one_span_with_its_method_path_id_and_status_and_no_query() {
    let log = Log::default();
    let capture = log.capture();
    let response = call(Ok(Response::new(Full::<Bytes>::from("body")))).await;
    response.unwrap().collect().await.unwrap();
    drop(capture);
    let text = log.text();
    let inside = line(&text, "an attempt");
    assert!(inside.contains("comfycontrol.call{"), "{text}");
    let last = line(&text, "response received");
    for shown in [
        "http.request.method=POST",
        "server.address=\"api.example\"",
        "server.port=8443",
        "url.path=\"/v1/user\"",
        "x_request_id=\"7f\"",
        "status_code=200",
        "latency=",
    ] {
        assert!(last.contains(shown), "{shown} in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
    assert!(!text.contains("error.type"), "{text}");
}

#[tokio::test]
async fn a_token_in_the_path_is_masked() {
    let log = Log::default();
    let capture = log.capture();
    let service = TraceLayer::new().layer(service_fn(async |_: Request<()>| {
        tracing::debug!("an attempt");
        Ok::<_, BoxError>(Response::new(Empty::<Bytes>::new()))
    }));
    let request = Request::get("/cfc_0123456789abcdef0123456789abcdef")
        .body(())
        .unwrap();
    service.oneshot(request).await.unwrap();
    drop(capture);
    let text = log.text();
    assert!(line(&text, "an attempt").contains("url.path=\"/"), "{text}");
    assert!(!text.contains("0123456789abcdef"), "{text}");
}

#[tokio::test]
async fn a_failure_has_its_name_and_the_status_behind_it() {
    let log = Log::default();
    let capture = log.capture();
    let refused = Refused(Some(StatusCode::NOT_FOUND), Some("refused"));
    call::<Full<Bytes>>(Err(refused)).await.unwrap_err();
    drop(capture);
    let text = log.text();
    let last = line(&text, "failed");
    for shown in ["status_code=404", "error.type=\"refused\"", "latency="] {
        assert!(last.contains(shown), "{shown} in {text}");
    }
}

#[tokio::test]
async fn an_error_without_a_name_is_no_failure() {
    let log = Log::default();
    let capture = log.capture();
    let unchanged = Refused(Some(StatusCode::NOT_MODIFIED), None);
    call::<Full<Bytes>>(Err(unchanged)).await.unwrap_err();
    drop(capture);
    let text = log.text();
    assert!(text.contains("an attempt"), "{text}");
    assert!(!text.contains("failed"), "{text}");
    assert!(!text.contains("error.type"), "{text}");
}

#[tokio::test]
async fn a_body_is_read_in_the_span_of_its_call_and_fails_there() {
    let log = Log::default();
    let capture = log.capture();
    let frames = stream::unfold(0, async |n: u8| {
        tracing::debug!("frame {n}");
        let frame = match n {
            0 => Ok(Frame::data(Bytes::from_static(b"half"))),
            _ => Err("broken off"),
        };
        Some((frame, n + 1))
    });
    let response = call(Ok(Response::new(StreamBody::new(Box::pin(frames)))));
    let mut body = response.await.unwrap().into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "half"
    );
    body.frame().await.unwrap().unwrap_err();
    drop(capture);
    let text = log.text();
    for read in ["frame 0", "frame 1"] {
        assert!(line(&text, read).contains("comfycontrol.call{"), "{text}");
    }
    assert!(
        line(&text, "failed").contains("error.type=\"body\""),
        "{text}"
    );
}

#[tokio::test]
async fn a_boxed_error_has_the_name_that_the_conventions_give_to_others() {
    let log = Log::default();
    let capture = log.capture();
    let service = TraceLayer::new().layer(service_fn(async |_: Request<()>| {
        Err::<Response<Empty<Bytes>>, BoxError>("lost".into())
    }));
    service.oneshot(Request::new(())).await.unwrap_err();
    drop(capture);
    let text = log.text();
    assert!(
        line(&text, "failed").contains("error.type=\"_OTHER\""),
        "{text}"
    );
}

#[tokio::test]
async fn without_a_subscriber_there_is_no_span_and_nothing_is_allocated() {
    let request = request();
    let service = TraceLayer::new().layer(service_fn(|_: Request<()>| {
        let is_alone = Span::current().is_disabled();
        std::future::ready(Ok::<_, Refused>(Response::new(Full::<Bytes>::from(
            if is_alone { "alone" } else { "traced" },
        ))))
    }));
    let mut body = None;
    let call = service.oneshot(request);
    let allocated = allocation_counter::measure(|| {
        let response = comfycontrol_test::at_once(call);
        body = Some(response.unwrap().into_body());
    });
    let body = body.unwrap().collect().await.unwrap().to_bytes();
    assert_eq!((body.as_ref(), allocated.count_total), (&b"alone"[..], 0));
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = TraceLayer::new().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}

// === support ===

async fn call<B: http_body::Body>(
    result: Result<Response<B>, Refused>,
) -> Result<Response<comfycontrol_trace::TraceBody<B>>, Refused> {
    let result = std::sync::Mutex::new(Some(result));
    let service = TraceLayer::new().layer(service_fn(async |_: Request<()>| {
        tracing::debug!("an attempt");
        result.lock().unwrap().take().unwrap()
    }));
    service.oneshot(request()).await
}

fn request() -> Request<()> {
    Request::post("https://api.example:8443/v1/user?key=secret")
        .header("x-request-id", "7f")
        .header("authorization", "Bearer secret")
        .body(())
        .unwrap()
}

/// The line that ends in this, or has it before its fields.
fn line<'a>(text: &'a str, message: &str) -> &'a str {
    let line = text.lines().find(|line| line.contains(message));
    line.unwrap_or_else(|| panic!("no {message:?} in {text}"))
}
