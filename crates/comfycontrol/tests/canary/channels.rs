//! The channels by which foreign text is shown.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{SourceError, Token, TokenProvider, TokenSource};
use comfycontrol::{Body, Client, RateLimitMode};
use futures_util::stream;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::{BoxError, service_fn};

use crate::shown::Shown;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Channel {
    ContentType,
    Headers,
    JsonPath,
    Message,
    OwnErrorBody,
    OwnRequestBody,
    OwnResponseBody,
    OwnTransport,
    Page,
    PathFails,
    PathSucceeds,
    Problem,
    Ray,
    Redirect,
    RequestId,
    Source,
    Text,
}

pub(crate) const CHANNELS: [Channel; 17] = [
    Channel::ContentType,
    Channel::Headers,
    Channel::JsonPath,
    Channel::Message,
    Channel::OwnErrorBody,
    Channel::OwnRequestBody,
    Channel::OwnResponseBody,
    Channel::OwnTransport,
    Channel::Page,
    Channel::PathFails,
    Channel::PathSucceeds,
    Channel::Problem,
    Channel::Ray,
    Channel::Redirect,
    Channel::RequestId,
    Channel::Source,
    Channel::Text,
];

impl Channel {
    pub(crate) async fn show(self, token: &Token, text: &str, shown: &mut Shown) {
        let quoted = serde_json::to_string(text).unwrap();
        let body = match self {
            Self::Message => format!(r#"{{"status":400,"message":{quoted}}}"#),
            // As the server wrote it, escapes and all.
            Self::Problem => {
                format!(r#"{{"title":{quoted},"detail":"no {text}","instance":{quoted}}}"#)
            }
            Self::Page => format!("<html><title>no {text}</title>"),
            Self::JsonPath => format!(r#"{{{quoted}:"{text}"}}"#),
            _ => format!("no {text} here"),
        };
        let header = |name: &'static str| {
            let value = http::HeaderValue::from_bytes(text.as_bytes());
            let value = value.unwrap_or(http::HeaderValue::from_static("none"));
            Response::builder().header(name, value)
        };
        let response = match self {
            Self::ContentType => header("content-type").status(200),
            Self::Headers => header("server").status(500),
            Self::Ray => header("cf-ray").status(500),
            Self::Redirect => header("location").status(302),
            Self::JsonPath | Self::OwnResponseBody | Self::PathSucceeds => Response::builder(),
            _ => Response::builder().status(400),
        };
        let told = |text: &str| {
            let cause = Told(text.into(), None);
            Told(format!("failed with {text}"), Some(Box::new(cause)))
        };
        let broken = {
            let (first, told) = (Bytes::from(body.clone()), told(text));
            move || stream::iter([Ok(first), Err(told)])
        };
        let body = match self {
            Self::OwnErrorBody | Self::OwnResponseBody => Body::from_stream(broken()),
            _ => Body::from(body),
        };
        let response = std::sync::Mutex::new(Some(response.body(body).unwrap()));
        let response = std::sync::Arc::new(response);
        let failed = matches!(self, Self::OwnTransport).then(|| text.to_owned());
        let transport = move |req: Request<Body>| {
            let (response, failed) = (response.clone(), failed.clone());
            async move {
                req.into_body().collect().await?;
                match failed {
                    Some(text) => Err(told_in_io(&text)),
                    None => Ok(response.lock().unwrap().take().unwrap()),
                }
            }
        };
        let client = match self {
            Self::Source => {
                let source = Telling(text.to_owned());
                client_of(TokenProvider::new(source), transport)
            }
            _ => client(token, transport),
        };
        let path = match self {
            Self::PathFails | Self::PathSucceeds => format!("/v1/{text}/x"),
            _ => "/v1/user".into(),
        };
        let mut call = client.post(path);
        if let Self::OwnRequestBody = self {
            call = call.body(Body::from_stream(stream::iter([
                Ok(Bytes::from("a")),
                Err(told(text)),
            ])));
        }
        if let Self::RequestId = self {
            call = call.header("x-request-id", text);
        }
        shown.debug(&call);
        shown.debug(&client);
        match call.send().await {
            Ok(response) => {
                shown.debug(&response);
                match response.json::<Known>().await {
                    Ok(value) => shown.debug(value),
                    Err(e) => shown.error(&e),
                }
            }
            Err(e) => shown.error(&e),
        }
    }
}

pub(crate) fn client<F>(
    token: &Token,
    transport: impl Fn(Request<Body>) -> F + Clone + Send + Sync + 'static,
) -> Client
where
    F: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
{
    client_of(TokenProvider::from(token.clone()), transport)
}

fn client_of<F>(
    tokens: TokenProvider,
    transport: impl Fn(Request<Body>) -> F + Clone + Send + Sync + 'static,
) -> Client
where
    F: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
{
    Client::builder()
        .token_provider(tokens)
        .retry(RetryPolicy::none())
        .rate_limit(RateLimitMode::Off)
        .transport(service_fn(transport))
        .build()
        .unwrap()
}

fn told_in_io(text: &str) -> BoxError {
    let told = Told(format!("sent {text}"), None);
    Told(
        "wrapped".into(),
        Some(Box::new(std::io::Error::other(told))),
    )
    .into()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    #[expect(dead_code, reason = "is never there")]
    known: u8,
}

/// A foreign error that tells all.
#[derive(Debug)]
pub(crate) struct Told(
    pub(crate) String,
    pub(crate) Option<Box<dyn StdError + Send + Sync>>,
);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Told {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

struct Telling(String);

impl TokenSource for Telling {
    fn read(&self) -> Result<Token, SourceError> {
        Err(SourceError::other(&self.0, format!("no {}", self.0)))
    }
}
