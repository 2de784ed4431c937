//! An axum application on a loopback socket: a gateway whose callers have no token.

use ::axum::response::{IntoResponse, Response};
use ::axum::{Router, body::Body, routing::any};
use comfycontrol_test::{Failed, SECOND, fetch, serve, transport, within};
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider, TokenReplaced, TokenWithheld};
use comfycontrol_token::{WithheldReason, env};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, Request, StatusCode};
use tower::Layer;

use super::support::{SECRET, handle, token};

#[tokio::test]
async fn a_gateway_puts_its_token_in_place_of_whatever_its_callers_send() {
    within(20 * SECOND, async {
        let handle = handle();
        let upstream = serve(echo()).await;
        let gateway = serve(gateway(&upstream, handle.clone())).await;
        let own = [(AUTHORIZATION, "Bearer cfc_theirs")];
        for number in 1..=2 {
            handle.rotate(token(number));
            for headers in [&own[..], &[]] {
                let (status, body) = ask(&format!("{gateway}/v1/user"), headers).await;
                assert_eq!(status, StatusCode::OK);
                assert_eq!(body, format!("Bearer cfc_{SECRET}{number}"));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_is_told_another_host_sends_its_token_nowhere() {
    within(20 * SECOND, async {
        let upstream = serve(echo()).await;
        let gateway = serve(gateway(&upstream, handle())).await;
        let (status, body) = ask(&format!("{gateway}/keep-host"), &[]).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert!(body.starts_with("HostMismatch"), "{body}");

        // Another server than the one the token is for.
        let elsewhere = serve(echo()).await;
        let uri = format!("{gateway}/elsewhere?{elsewhere}/");
        assert_eq!(ask(&uri, &[]).await, (StatusCode::OK, "none".into()));
    })
    .await;
}

#[tokio::test]
async fn a_gateway_without_a_token_says_so_and_does_not_say_what_it_has_read() {
    within(20 * SECOND, async {
        let upstream = serve(echo()).await;
        let gateway = serve(gateway(&upstream, env(format!("cfc_{SECRET}")))).await;
        let (status, body) = ask(&format!("{gateway}/v1/user"), &[]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.starts_with("NoToken"), "{body}");
        assert!(!body.contains(SECRET), "{body}");
    })
    .await;
}

#[tokio::test]
async fn a_gateway_learns_from_the_response_that_the_token_has_been_replaced() {
    within(20 * SECOND, async {
        let handle = handle();
        let next = handle.clone();
        let revoked = any(async move || {
            next.rotate(token(2));
            StatusCode::UNAUTHORIZED
        });
        let upstream = serve(Router::new().fallback_service(revoked)).await;
        let gateway = serve(gateway(&upstream, handle)).await;
        let (status, body) = ask(&format!("{gateway}/"), &[]).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(body, "ask again");
    })
    .await;
}

// === support ===

/// The gateway, which asks upstream for what it is asked for, with two exceptions.
fn gateway(upstream: &str, tokens: impl Into<TokenProvider>) -> Router {
    let base = upstream.to_owned();
    let aim = move |mut request: Request<Body>| {
        let uri = match (request.uri().path(), request.uri().query()) {
            ("/elsewhere", Some(uri)) => uri.to_owned(),
            (path, _) => format!("{base}{path}"),
        };
        if request.uri().path() != "/keep-host" {
            request.headers_mut().remove(HOST);
        }
        *request.uri_mut() = uri.parse().expect("a base and a path");
        request
    };
    let layer = AddTokenLayer::new(Origin::parse(upstream).unwrap(), tokens);
    comfycontrol_test::gateway(layer.layer(transport()), aim, show)
}

fn show(outcome: Result<Response, Failed<TokenWithheld>>) -> Response {
    match outcome {
        Ok(response) if response.extensions().get::<TokenReplaced>().is_some() => {
            (response.status(), "ask again").into_response()
        }
        Ok(response) => response,
        Err(Failed::Layer(error)) => {
            let status = match error.reason() {
                WithheldReason::NoToken => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_GATEWAY,
            };
            let cause = error.source_error().map(ToString::to_string);
            let body = format!(
                "{:?}: {error}: {}",
                error.reason(),
                cause.unwrap_or_default()
            );
            (status, body).into_response()
        }
        Err(Failed::Below(error)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

/// Responds with the token it was sent.
fn echo() -> Router {
    Router::new().fallback(async |headers: HeaderMap| {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().map(|value| value.as_bytes().to_vec());
        assert!(values.next().is_none(), "two of them");
        value.unwrap_or_else(|| "none".into())
    })
}

/// Status and body of what is at `url`.
async fn ask(url: &str, headers: &[(http::HeaderName, &str)]) -> (StatusCode, String) {
    let mut request = Request::get(url);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = fetch(request.body(Body::empty()).unwrap()).await;
    (response.status(), response.into_body())
}
