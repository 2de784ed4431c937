//! Any service in place of the network: here one that records what the API answers, and plays it back
//! when there is no API.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol::{Body, Client, Error};
use comfycontrol_emulator::Emulator;
use futures_util::future::BoxFuture;
use http::response::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client as HyperClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tower::{BoxError, Service};

/// Records what comes from the network; without one, plays back. Requests are not kept, so the token
/// is not; what the answers hold is.
#[derive(Clone, Default)]
struct Recorder {
    network: Option<HyperClient<HttpConnector, Body>>,
    answers: Arc<Mutex<HashMap<String, (Parts, Bytes)>>>,
}

impl Recorder {
    async fn answer(self, request: Request<Body>) -> Result<Response<Full<Bytes>>, BoxError> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let title = format!("{} {path}", request.method());
        let answer = match self.network {
            Some(mut network) => {
                let (head, body) = network.call(request).await?.into_parts();
                Some((head, body.collect().await?.to_bytes()))
            }
            None => None,
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answer {
            answers.insert(title.clone(), answer);
        }
        match answers.get(&title).cloned() {
            Some((head, body)) => Ok(Response::from_parts(head, body.into())),
            None => Err(format!("{title} was not recorded").into()),
        }
    }
}

impl Service<Request<Body>> for Recorder {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Full<Bytes>>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match &mut self.network {
            Some(network) => network.poll_ready(cx).map_err(BoxError::from),
            None => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The instance that was ready goes along; its clone need not be.
        let next = self.clone();
        let ready = mem::replace(self, next);
        Box::pin(ready.answer(request))
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let settings = Client::builder().base_url(api.http_url());
    let mut recorder = Recorder {
        network: Some(HyperClient::builder(TokioExecutor::new()).build_http()),
        ..Recorder::default()
    };
    let client = settings
        .token(api.tokens().create("recorder", None))
        .transport(recorder.clone())
        .build()?;

    println!("recording");
    let recorded = ask(&client, "/v1/runner?per_page=1&page=1").await?;
    let second_page = ask(&client, "/v1/runner?per_page=1&page=2").await?;
    let missing = ask(&client, "/v1/nothing").await;
    let missing = missing.expect_err("there is no such path");

    println!("playing back, with the API gone");
    let url = api.http_url();
    api.shutdown().await;
    recorder.network = None;
    let settings = Client::builder().base_url(url).without_token();
    let client = settings.transport(recorder).build()?;
    let played = ask(&client, "/v1/runner?per_page=1&page=1").await?;
    assert_eq!(played, recorded, "what is played is what was recorded");
    assert_ne!(played, second_page, "each page is recorded by itself");
    let played = ask(&client, "/v1/nothing").await;
    let played = played.expect_err("errors are played back as well");
    assert_eq!(played.status(), missing.status());

    let unknown = ask(&client, "/v1/user").await;
    let unknown = unknown.expect_err("nothing is made up");
    assert!(unknown.as_transport().is_some(), "that is no answer");
    Ok(())
}

/// Limiter, retries and decoding of errors work as they do over the network.
async fn ask(client: &Client, path: &str) -> Result<String, Error> {
    let answer = async { client.get(path).send().await?.text().await };
    let answer = answer.await;
    match &answer {
        Ok(text) => println!("  GET {path} -> {text}"),
        Err(error) => println!("  GET {path} -> {error:#}"),
    }
    answer
}
