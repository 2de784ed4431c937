//! An axum application on a loopback socket: a gateway that hands on what the API says, decoded.

use std::future::IntoFuture;
use std::time::Duration;

use ::axum::extract::State;
use ::axum::response::{IntoResponse, Response};
use ::axum::{Router, body::Body};
use comfycontrol_error::{ApiError, DecodeError, DecodeErrorLayer};
use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::util::MapErr;
use tower::{Layer, ServiceExt};

#[tokio::test]
async fn a_gateway_hands_errors_on_decoded() {
    bounded(async {
        let answer = || async {
            let wait = [(RETRY_AFTER, "7")];
            (
                StatusCode::FORBIDDEN,
                wait,
                r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#,
            )
        };
        let upstream = serve(Router::new().fallback(answer)).await;
        let gateway = serve(gateway(&upstream)).await;
        let (status, body) = ask(&gateway).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(
            body,
            "TierLimit, wait Some(7s): Runner limit exceeded for your tier"
        );
    })
    .await;
}

#[tokio::test]
async fn a_gateway_streams_a_success_before_it_has_ended() {
    bounded(async {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe first words";
        let upstream = raw(answer, End::Waits).await;
        let gateway = serve(gateway(&upstream)).await;
        let response = client().get(gateway.parse().unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let frame = response.into_body().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "the first words");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_knows_what_stands_in_front_of_the_api() {
    bounded(async {
        let answer = || async { (StatusCode::FORBIDDEN, "error code: 1020") };
        let upstream = serve(Router::new().fallback(answer)).await;
        let gateway = serve(gateway(&upstream)).await;
        let (status, body) = ask(&gateway).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.starts_with("Blocked"), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_keeps_the_status_of_an_error_whose_body_does_not_come_whole() {
    bounded(async {
        let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\nin part";
        for (end, told) in [
            (End::Closes, "broke off"),
            (End::Waits, "did not arrive within 100ms"),
        ] {
            let upstream = raw(answer, end).await;
            let gateway = serve(gateway(&upstream)).await;
            let (status, body) = ask(&gateway).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(
                body.starts_with("Unavailable") && body.contains(told),
                "{body}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_gateway_reads_no_more_of_an_error_than_it_keeps() {
    bounded(async {
        // It says that more is to come than the gateway would want to hold.
        let page = format!(
            "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 99999999999\r\n\r\n{}",
            "x".repeat(2_000)
        );
        let upstream = raw(page.leak(), End::Waits).await;
        let gateway = serve(gateway(&upstream)).await;
        let (status, body) = ask(&gateway).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.ends_with("cut at 1000"), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_without_an_api_says_so_itself() {
    bounded(async {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", nobody.local_addr().unwrap());
        drop(nobody);
        let gateway = serve(gateway(&upstream)).await;
        let (status, body) = ask(&gateway).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!(body, "client error (Connect)");
    })
    .await;
}

// === support ===

/// All that a call upstream can fail with.
enum Failed {
    Api(ApiError),
    Transport(Error),
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => {
                let body = match (error.kind(), error.body_error()) {
                    (kind, Some(incomplete)) => format!("{kind:?}: {incomplete}"),
                    (kind, None) if error.body_was_cut() => {
                        format!("{kind:?}: cut at {}", error.body().len())
                    }
                    (kind, None) => {
                        let wait = error.retry_after();
                        format!("{kind:?}, wait {wait:?}: {}", error.message())
                    }
                };
                (error.status(), body).into_response()
            }
            Self::Transport(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
}

type Transport = MapErr<Client<HttpConnector, Body>, fn(Error) -> Failed>;

#[derive(Clone)]
struct Api {
    base: String,
    client: DecodeError<Transport>,
}

async fn forward(State(api): State<Api>) -> Result<Response, Failed> {
    let request = Request::get(&api.base).body(Body::empty());
    let response = api.client.oneshot(request.expect("a base")).await?;
    Ok(response.into_response())
}

fn gateway(base: &str) -> Router {
    let transport = MapErr::new(client(), Failed::Transport as fn(Error) -> Failed);
    let decode = DecodeErrorLayer::new()
        .max_body(1_000)
        .body_timeout(Duration::from_millis(100));
    let (base, client) = (base.to_owned(), decode.layer(transport));
    Router::new()
        .fallback(forward)
        .with_state(Api { base, client })
}

/// Serves on loopback until the test ends; its base URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(::axum::serve(listener, router).into_future());
    base
}

/// What a server does when it has said all it has to say.
enum End {
    Closes,
    Waits,
}

/// A server for one request that answers to the letter.
async fn raw(answer: &'static str, end: End) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let read = stream.read(&mut [0; 4_096]).await.unwrap();
        assert!(read > 0, "no request");
        stream.write_all(answer.as_bytes()).await.unwrap();
        if let End::Waits = end {
            std::future::pending::<()>().await;
        }
    });
    base
}

fn client() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Status and body of what is at `url`.
async fn ask(url: &str) -> (StatusCode, String) {
    let response = client().get(url.parse().unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into())
}

/// Fails instead of hanging.
async fn bounded(test: impl Future<Output = ()>) {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, test).await.expect("it hangs");
}
