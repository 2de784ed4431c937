use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use comfycontrol_rate_limit::Limiter;
use comfycontrol_transport::{Transport, TransportBody};
use http::{Method, Request, Response, Uri};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::call::Call;
use crate::request::RequestBuilder;
use crate::shared::Shared;
use crate::stack::{Stack, StackFuture};
use crate::{Body, Error, ResponseBody};

/// A client of the ComfyControl API.
///
/// Cheap to clone; clones share connections, limiter, token and retry budget. See the
/// [crate docs](crate) for an example.
#[derive(Clone)]
pub struct Client {
    stack: Stack<Transport<Body>>,
    shared: Arc<Shared>,
}

impl Client {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            stack: shared.stack.clone(),
            shared: Arc::new(shared),
        }
    }

    /// Begins a request.
    ///
    /// `path` is absolute, such as `/v1/user`; a full URL must belong to the base URL's origin.
    /// Steps such as `..` are refused in every encoding; [`path_segments`](crate::path_segments)
    /// writes an id into a path.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> RequestBuilder {
        RequestBuilder::new(Arc::clone(&self.shared), method, path.as_ref())
    }

    /// Begins a GET request.
    pub fn get(&self, path: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// Begins a POST request.
    pub fn post(&self, path: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Begins a PUT request.
    pub fn put(&self, path: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// Begins a PATCH request.
    pub fn patch(&self, path: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// Begins a DELETE request.
    pub fn delete(&self, path: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Begins a HEAD request.
    pub fn head(&self, path: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// A client for absolute URLs of any origin, such as signed ones: it has no token, no limiter
    /// and no default headers.
    ///
    /// It shares timeouts and retry budget with this one, and connections with all other clients
    /// that this gives. `https` is required. This machine is reached only where the base URL leads
    /// to it as well, then by `http` too; other addresses of the internal network are refused, and
    /// so are [names that lead there](crate::TransportErrorKind::InternalAddress). A proxy, or a
    /// [transport](crate::ClientBuilder::transport) of your own, resolves the names itself and
    /// decides where they lead.
    #[must_use]
    pub fn for_other_origins(&self) -> Self {
        self.for_other_origins_allowing(Vec::new())
    }

    /// A client [for other origins](Self::for_other_origins) that also reaches these hosts of the
    /// internal network, each as it stands in the URL: `10.0.0.7`, `[fd00::7]`, `storage.internal`.
    /// It has connections of its own.
    #[must_use]
    pub fn for_other_origins_allowing(&self, internal_hosts: Vec<String>) -> Self {
        Self::new(self.shared.for_other_origins(internal_hosts))
    }

    /// Whether an absolute URL belongs to the origin of the base URL.
    #[must_use]
    pub fn is_origin_of(&self, url: &str) -> bool {
        self.shared.target.is_origin_of(url)
    }

    /// The limiter this client keeps to, if it has one.
    #[must_use]
    pub fn limiter(&self) -> Option<&Limiter> {
        self.shared.limiter.as_ref()
    }

    /// The origin the paths of requests are joined to; `None` for a client
    /// [for other origins](Self::for_other_origins).
    #[must_use]
    pub fn base_url(&self) -> Option<Uri> {
        self.shared.target.uri()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("target", &self.shared.target)
            .field("limiter", &self.shared.limiter)
            .finish_non_exhaustive()
    }
}

/// Requests whose URL is only a path go to the base URL; others must belong to it.
impl Service<Request<Body>> for Client {
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<Body>) -> ResponseFuture {
        let resolved = self.shared.target.resolve_uri(mem::take(req.uri_mut()));
        let (uri, invalid) = match resolved {
            Ok(uri) => (uri, None),
            Err(e) => (Uri::default(), Some(Error::from(e))),
        };
        *req.uri_mut() = uri;
        self.shared.add_headers(&mut req);
        let call = Call::of(&req);
        let state = match invalid {
            None => State::Sent {
                inner: self.stack.call(req),
            },
            error => State::Invalid { error },
        };
        ResponseFuture { state, call }
    }
}

/// The same through a shared client.
impl Service<Request<Body>> for &Client {
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Client::clone(self).poll_ready(cx)
    }

    fn call(&mut self, req: Request<Body>) -> ResponseFuture {
        Client::clone(self).call(req)
    }
}

pin_project! {
    /// Response future of [`Client`].
    pub struct ResponseFuture {
        #[pin]
        state: State<StackFuture<Transport<Body>, TransportBody>>,
        call: Call,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Invalid { error: Option<Error> },
        Sent { #[pin] inner: F },
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.state.project() {
            StateProj::Invalid { error } => Err(error.take().expect("polled after completion")),
            StateProj::Sent { mut inner } => {
                let result = ready!(inner.as_mut().poll(cx));
                result.map(|res| {
                    let context = this.call.context(res.status(), inner.take_request_id());
                    res.map(|body| ResponseBody::new(body, context))
                })
            }
        };
        Poll::Ready(result.map_err(|e| this.call.failed(e)))
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
