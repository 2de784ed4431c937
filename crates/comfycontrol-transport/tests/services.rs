//! Another service in place of the network.

use std::error::Error;
use std::fmt;
use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_transport::{Transport, TransportError, TransportErrorKind};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt, service_fn};

type Body = Full<Bytes>;

#[tokio::test]
async fn a_service_is_asked_and_its_response_passed_on() {
    let service = service_fn(|request: Request<Body>| async move {
        assert_eq!(request.uri(), "http://anywhere.example/x");
        Response::builder().status(503).body(request.into_body())
    });
    let transport = Transport::from_service(service);
    assert_eq!(format!("{transport:?}"), r#"Transport("other")"#);
    let response = transport.oneshot(get("http://anywhere.example/x", "payload"));
    let response = response.await.unwrap();
    assert_eq!(response.status(), 503);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "payload");
}

#[tokio::test]
async fn the_error_of_a_service_is_named_and_given_back() {
    let error = ask(failing(|| Broken(7))).await;
    assert_eq!(error.kind(), TransportErrorKind::Other);
    assert!(!error.is_unprocessed());
    assert!(error.is_transient());
    assert_eq!(error.to_string(), "request failed below HTTP");
    assert_eq!(error.source().unwrap().to_string(), "broken");
    let own = error.into_source().downcast::<Broken>().unwrap();
    assert_eq!(own.0, 7);

    let error = ask(failing(|| io::Error::from(io::ErrorKind::ConnectionReset))).await;
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    let own = error.into_source().downcast::<io::Error>().unwrap();
    assert_eq!(own.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_transport_error_of_a_service_stays_what_it_is() {
    let refused = || TransportError::new(io::Error::from(io::ErrorKind::ConnectionRefused));
    // As it is, and in a box.
    let bare = ask(failing(refused)).await;
    let boxed = ask(failing(move || {
        Box::<dyn Error + Send + Sync>::from(refused())
    }))
    .await;
    for error in [bare, boxed] {
        assert_eq!(error.kind(), TransportErrorKind::ConnectionRefused);
        assert!(error.into_source().is::<io::Error>());
    }
}

#[tokio::test]
async fn a_transport_is_ready_when_its_service_is() {
    #[derive(Clone)]
    struct Busy;

    impl Service<Request<Body>> for Busy {
        type Response = Response<Body>;
        type Error = Broken;
        type Future = std::future::Pending<Result<Response<Body>, Broken>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
            Poll::Ready(Err(Broken(1)))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            unreachable!("it is not ready")
        }
    }

    let mut transport = Transport::from_service(Busy);
    let error = transport.ready().await.unwrap_err();
    assert!(error.into_source().is::<Broken>());
}

// === support ===

/// An error of which the transport knows nothing.
#[derive(Debug)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl Error for Broken {}

fn failing<E>(error: impl Fn() -> E + Clone + Send + Sync + 'static) -> Transport<Body>
where
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    Transport::from_service(service_fn(move |_: Request<Body>| {
        let error = error();
        async { Err::<Response<Body>, _>(error) }
    }))
}

async fn ask(transport: Transport<Body>) -> TransportError {
    let asked = transport.oneshot(get("http://anywhere.example/", ""));
    asked.await.unwrap_err()
}

fn get(url: &str, body: &'static str) -> Request<Body> {
    Request::get(url).body(Full::from(body)).unwrap()
}
