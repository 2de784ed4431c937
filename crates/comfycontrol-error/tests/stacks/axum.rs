//! An axum application on a loopback socket: a gateway that hands on what the API says, decoded.

use ::axum::response::{IntoResponse, Response};
use ::axum::{Router, body::Body};
use comfycontrol_error::{ApiError, ErrorDecoderLayer};
use comfycontrol_test::{
    Failed, MILLISECOND, SECOND, Unserved, client, fetch, serve, transport, within,
};
use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::Layer;

#[tokio::test]
async fn a_gateway_hands_errors_on_decoded() {
    within(20 * SECOND, async {
        let respond = || async {
            let wait = [(RETRY_AFTER, "7")];
            (
                StatusCode::FORBIDDEN,
                wait,
                r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#,
            )
        };
        let upstream = serve(Router::new().fallback(respond)).await;
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
    within(20 * SECOND, async {
        let response = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe first words";
        let upstream = raw(response, End::Waits).await;
        let gateway = serve(gateway(&upstream)).await;
        let streamed = client().get(gateway.parse().unwrap()).await.unwrap();
        assert_eq!(streamed.status(), StatusCode::OK);
        let frame = streamed.into_body().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "the first words");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_knows_what_stands_in_front_of_the_api() {
    within(20 * SECOND, async {
        let respond = || async { (StatusCode::FORBIDDEN, "error code: 1020") };
        let upstream = serve(Router::new().fallback(respond)).await;
        let gateway = serve(gateway(&upstream)).await;
        let (status, body) = ask(&gateway).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.starts_with("Blocked"), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_keeps_the_status_of_an_error_whose_body_does_not_come_whole() {
    within(20 * SECOND, async {
        let response = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\nin part";
        for (end, told) in [
            (End::Closes, "broke off"),
            (End::Waits, "did not arrive within 100ms"),
        ] {
            let upstream = raw(response, end).await;
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
    within(20 * SECOND, async {
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
    within(20 * SECOND, async {
        let unserved = Unserved::new();
        let gateway = serve(gateway(&unserved.url())).await;
        let (status, body) = ask(&gateway).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!(body, "client error (Connect)");
    })
    .await;
}

// === support ===

/// The gateway, which asks for one thing upstream whatever it is asked for.
fn gateway(upstream: &str) -> Router {
    let upstream = upstream.to_owned();
    let decode = ErrorDecoderLayer::new()
        .max_error_body(1_000)
        .error_body_timeout(100 * MILLISECOND);
    let aim = move |_| Request::get(&upstream).body(Body::empty()).unwrap();
    comfycontrol_test::gateway(decode.layer(transport()), aim, show)
}

fn show(outcome: Result<Response, Failed<ApiError>>) -> Response {
    let error = match outcome {
        Ok(response) => return response,
        Err(Failed::Layer(error)) => error,
        Err(Failed::Below(error)) => {
            return (StatusCode::BAD_GATEWAY, error.to_string()).into_response();
        }
    };
    let body = match (error.kind(), error.body_error()) {
        (kind, Some(incomplete)) => format!("{kind:?}: {incomplete}"),
        (kind, None) if error.is_body_truncated() => {
            format!("{kind:?}: cut at {}", error.body().len())
        }
        (kind, None) => {
            let wait = error.retry_after();
            format!("{kind:?}, wait {wait:?}: {}", error.message())
        }
    };
    (error.status(), body).into_response()
}

/// What a server does when it has said all it has to say.
enum End {
    Closes,
    Waits,
}

/// A server for one request, whose response is sent to the letter.
async fn raw(response: &'static str, end: End) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let read = stream.read(&mut [0; 4_096]).await.unwrap();
        assert!(read > 0, "no request");
        stream.write_all(response.as_bytes()).await.unwrap();
        if let End::Waits = end {
            std::future::pending::<()>().await;
        }
    });
    base
}

/// Status and body of what is at `url`.
async fn ask(url: &str) -> (StatusCode, String) {
    let response = fetch(Request::get(url).body(Body::empty()).unwrap()).await;
    (response.status(), response.into_body())
}
