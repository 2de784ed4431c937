use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Request;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use tower::util::MapErr;
use tower::{Service, ServiceExt};

use crate::failed::{Failed, typed};
use crate::loopback::client;

/// A client whose errors are [`Failed`], for a layer with errors of type `E`.
pub type Transport<E> = MapErr<Client<HttpConnector, Body>, fn(Error) -> Failed<E>>;

/// A client with a pool of connections of its own, for a layer with errors of type `E`.
pub fn transport<E>() -> Transport<E> {
    typed(client())
}

/// An axum application with a stack in its state: it aims each request, sends it on through the
/// stack, and shows its caller what comes of it.
pub fn gateway<S, E>(
    stack: S,
    aim: impl Fn(Request<Body>) -> Request<Body> + Clone + Send + Sync + 'static,
    show: fn(Result<Response, Failed<E>>) -> Response,
) -> Router
where
    S: Service<Request<Body>, Response = http::Response<Incoming>, Error = Failed<E>>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    E: Send + 'static,
{
    let forward = async move |State(stack): State<S>, request: Request<Body>| {
        let response = stack.oneshot(aim(request)).await;
        show(response.map(IntoResponse::into_response))
    };
    Router::new().fallback(forward).with_state(stack)
}
