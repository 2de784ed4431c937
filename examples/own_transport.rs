//! Any service in place of the network: here one that records what the API responds, and plays it
//! back when there is no API.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol::transport::{Transport, TransportBuilder, TransportError};
use comfycontrol::{Body, Client, Error};
use comfycontrol_emulator::Emulator;
use futures_util::future::BoxFuture;
use http::response::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Service};

/// Records what comes from the network; without one, plays back. Requests are not kept, so the
/// token is not; what the responses hold is.
#[derive(Clone, Default)]
struct Recorder {
    network: Option<Transport<Body>>,
    responses: Arc<Mutex<HashMap<String, (Parts, Bytes)>>>,
}

impl Recorder {
    async fn respond(self, request: Request<Body>) -> Result<Response<Full<Bytes>>, BoxError> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let title = format!("{} {path}", request.method());
        let response = match self.network {
            Some(mut network) => {
                let (head, body) = network.call(request).await?.into_parts();
                Some((head, body.collect().await?.to_bytes()))
            }
            None => None,
        };
        let mut responses = self
            .responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(response) = response {
            responses.insert(title.clone(), response);
        }
        match responses.get(&title).cloned() {
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
        Box::pin(ready.respond(request))
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let network = TransportBuilder::new().root_certificate(api.ca_der());
    let mut recorder = Recorder {
        network: Some(network.build()?),
        ..Recorder::default()
    };
    let client = Client::builder()
        .base_url(api.https_url())
        .token(api.tokens().create("recorder", None))
        .transport(recorder.clone())
        .build()?;

    println!("recording");
    let recorded = ask(&client, "/v1/runner?per_page=1&page=1").await?;
    let second_page = ask(&client, "/v1/runner?per_page=1&page=2").await?;
    let missing = ask(&client, "/v1/nothing").await;
    let missing = missing.expect_err("there is no such path");

    println!("playing back, with the API gone");
    let url = api.https_url().to_owned();
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
    assert!(
        unknown.as_cause::<TransportError>().is_some(),
        "that is no response"
    );
    Ok(())
}

/// Limiter, retries and decoding of errors work as they do over the network.
async fn ask(client: &Client, path: &str) -> Result<String, Error> {
    let response = async { client.get(path).send().await?.text().await };
    let response = response.await;
    match &response {
        Ok(text) => println!("  GET {path} -> {text}"),
        Err(error) => println!("  GET {path} -> {error:#}"),
    }
    response
}
