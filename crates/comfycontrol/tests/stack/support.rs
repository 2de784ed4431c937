use std::sync::Arc;

use bytes::Bytes;
use comfycontrol::{Body, Client, Error};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Service, service_fn};

/// What comes of one request.
pub(crate) type Outcome = Result<Response<Body>, Error>;

/// The bodies of the requests that have arrived.
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

/// A transport that makes each outcome out of the number of its request, and keeps the bodies.
pub(crate) fn transport(
    respond: impl Fn(usize) -> Outcome + Clone + Send + Sync + 'static,
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
        let (keep, respond) = (keep.clone(), respond.clone());
        async move { respond(keep.take(req).await) }
    });
    (service, seen)
}

/// A client over such a transport.
pub(crate) fn client_of(
    respond: impl Fn(usize) -> Outcome + Clone + Send + Sync + 'static,
) -> (Client, Seen) {
    let (transport, seen) = transport(respond);
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

pub(crate) fn status(code: u16) -> Outcome {
    Ok(Response::builder()
        .status(code)
        .body(Body::empty())
        .unwrap())
}
