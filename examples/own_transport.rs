//! Any service in place of the network: here one that records what the API answers, and plays it back
//! when there is no API.

use std::collections::HashMap;
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

/// Records what comes from the network; without one, plays back. Only answers are kept, so that no
/// token is.
#[derive(Clone, Default)]
struct Recorder {
    network: Option<HyperClient<HttpConnector, Body>>,
    answers: Arc<Mutex<HashMap<String, (Parts, Bytes)>>>,
}

impl Recorder {
    async fn answer(self, request: Request<Body>) -> Result<Response<Full<Bytes>>, BoxError> {
        let title = format!("{} {}", request.method(), request.uri().path());
        let answer = match self.network {
            Some(network) => {
                let (head, body) = network.request(request).await?.into_parts();
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

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().answer(request))
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
    let recorded = [
        ask(&client, "/v1/user").await,
        ask(&client, "/v1/nothing").await,
    ];

    println!("playing back, with the API gone");
    let url = api.http_url();
    api.shutdown().await;
    recorder.network = None;
    let settings = Client::builder().base_url(url).without_token();
    let client = settings.transport(recorder).build()?;
    let played = [
        ask(&client, "/v1/user").await,
        ask(&client, "/v1/nothing").await,
    ];
    assert!(recorded[0].starts_with('{'), "the API answers");
    assert_eq!(recorded, played, "what is played is what was recorded");

    let unknown = ask(&client, "/v1/runner").await;
    assert!(unknown.contains("was not recorded"), "nothing is made up");
    Ok(())
}

/// Limiter, retries and decoding of errors work as they do over the network.
async fn ask(client: &Client, path: &str) -> String {
    let answer = async { client.get(path).send().await?.text().await };
    let answer = answer.await.unwrap_or_else(|e: Error| format!("{e:#}"));
    println!("  GET {path} -> {answer}");
    answer
}
