//! An axum application on a loopback socket: a gateway whose callers have no token.

use std::future::IntoFuture;
use std::time::Duration;

use ::axum::extract::State;
use ::axum::response::{IntoResponse, Response};
use ::axum::{Router, body::Body, routing::any};
use comfycontrol_token::{AddToken, AddTokenLayer, Origin, TokenReplaced, TokenWithheld, Tokens};
use comfycontrol_token::{WithheldReason, env};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::util::MapErr;
use tower::{Layer, ServiceExt};

use super::support::{SECRET, handle, token};

#[tokio::test]
async fn a_gateway_puts_its_token_in_place_of_whatever_its_callers_send() {
    bounded(async {
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
    bounded(async {
        let upstream = serve(echo()).await;
        let gateway = serve(gateway(&upstream, handle())).await;
        let (status, body) = ask(&format!("{gateway}/keep-host"), &[]).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert!(body.starts_with("HostDiffers"), "{body}");

        // Another server than the one the token is for.
        let elsewhere = serve(echo()).await;
        let uri = format!("{gateway}/elsewhere?{elsewhere}/");
        assert_eq!(ask(&uri, &[]).await, (StatusCode::OK, "none".into()));
    })
    .await;
}

#[tokio::test]
async fn a_gateway_without_a_token_says_so_and_does_not_say_what_it_has_read() {
    bounded(async {
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
    bounded(async {
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

/// All that a call upstream can fail with.
enum Failed {
    TokenWithheld(TokenWithheld),
    Transport(Error),
}

impl From<TokenWithheld> for Failed {
    fn from(error: TokenWithheld) -> Self {
        Self::TokenWithheld(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::TokenWithheld(error) => {
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
            Self::Transport(error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
            }
        }
    }
}

type Transport = MapErr<Client<HttpConnector, Body>, fn(Error) -> Failed>;

#[derive(Clone)]
struct Api {
    base: String,
    client: AddToken<Transport>,
}

async fn forward(State(api): State<Api>, mut request: Request<Body>) -> Result<Response, Failed> {
    let uri = match (request.uri().path(), request.uri().query()) {
        ("/elsewhere", Some(uri)) => uri.to_owned(),
        (path, _) => format!("{}{path}", api.base),
    };
    if request.uri().path() != "/keep-host" {
        request.headers_mut().remove(HOST);
    }
    *request.uri_mut() = uri.parse().expect("a base and a path");
    let response = api.client.oneshot(request).await?;
    if response.extensions().get::<TokenReplaced>().is_some() {
        return Ok((response.status(), "ask again").into_response());
    }
    Ok(response.into_response())
}

fn gateway(base: &str, tokens: impl Into<Tokens>) -> Router {
    let transport = MapErr::new(client(), Failed::Transport as fn(Error) -> Failed);
    let client = AddTokenLayer::new(Origin::parse(base).unwrap(), tokens).layer(transport);
    let base = base.to_owned();
    Router::new()
        .fallback(forward)
        .with_state(Api { base, client })
}

/// Answers with the token it was sent.
fn echo() -> Router {
    Router::new().fallback(async |headers: HeaderMap| {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next().map(|value| value.as_bytes().to_vec());
        assert!(values.next().is_none(), "two of them");
        value.unwrap_or_else(|| "none".into())
    })
}

/// Serves on loopback until the test ends; its base URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(::axum::serve(listener, router).into_future());
    base
}

fn client() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Status and body of what is at `url`.
async fn ask(url: &str, headers: &[(http::HeaderName, &str)]) -> (StatusCode, String) {
    let mut request = Request::get(url);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = client().request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into())
}

/// Fails instead of hanging.
async fn bounded(test: impl Future<Output = ()>) {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, test).await.expect("it hangs");
}
