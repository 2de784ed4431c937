use std::sync::Arc;

use bytes::Bytes;
use comfycontrol::{Body, Client, Error};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower::{Service, service_fn};

pub(crate) type Answer = Result<Response<Body>, Error>;

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<std::sync::Mutex<Vec<Bytes>>>);

impl Seen {
    pub(crate) async fn take(&self, req: Request<Body>) -> usize {
        let body = req.into_body().collect().await.unwrap().to_bytes();
        let mut bodies = self.0.lock().unwrap();
        bodies.push(body);
        bodies.len() - 1
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        let bodies = self.0.lock().unwrap();
        bodies
            .iter()
            .map(|body| String::from_utf8(body.to_vec()).unwrap())
            .collect()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Heads(pub(crate) Arc<std::sync::Mutex<Vec<http::HeaderMap>>>);

impl Heads {
    pub(crate) fn transport(
        &self,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Error, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static {
        let heads = self.clone();
        service_fn(move |req: Request<Body>| {
            heads.0.lock().unwrap().push(req.headers().clone());
            async { status(200) }
        })
    }
}

/// A transport that answers the nth request as it is told, and keeps the bodies.
pub(crate) fn transport(
    answer: impl Fn(usize) -> Answer + Clone + Send + Sync + 'static,
) -> (
    impl Service<Request<Body>, Response = Response<Body>, Error = Error, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    Seen,
) {
    let seen = Seen::default();
    let keep = seen.clone();
    let service = service_fn(move |req| {
        let (keep, answer) = (keep.clone(), answer.clone());
        async move { answer(keep.take(req).await) }
    });
    (service, seen)
}

pub(crate) fn answering(
    answer: impl Fn(usize) -> Answer + Clone + Send + Sync + 'static,
) -> (Client, Seen) {
    let (transport, seen) = transport(answer);
    (client_over(transport), seen)
}

pub(crate) fn client_over<S>(transport: S) -> Client
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Error>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    builder().transport(transport).build().unwrap()
}

pub(crate) fn builder() -> comfycontrol::ClientBuilder {
    Client::builder().token("cfc_test0000000")
}

pub(crate) fn status(code: u16) -> Answer {
    Ok(Response::builder()
        .status(code)
        .body(Body::empty())
        .unwrap())
}
