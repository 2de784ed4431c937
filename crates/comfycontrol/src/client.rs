use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use comfycontrol_rate_limit::Limiter;
use http::{HeaderMap, Method, Request, Response, Uri};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::response::Answered;
use crate::stack::{Stack, StackBody};
use crate::transport::{Transport, TransportBody};
use crate::url::Target;
use crate::{Body, ClientBuilder, Downloader, Error, RequestBuilder, ResponseBody, Timeouts};

/// A client of the ComfyControl API.
///
/// Cheap to clone; clones share connections, limiter, token and retry budget. See the
/// [crate docs](crate) for an example.
#[derive(Clone)]
pub struct Client {
    stack: Stack<Transport>,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    /// Each call of a [`RequestBuilder`] is made by a copy of its own.
    pub(crate) stack: Stack<Transport>,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    pub(crate) limiter: Option<Limiter>,
    pub(crate) max_body: usize,
    pub(crate) timeouts: Timeouts,
    /// The same stack without token and limiter, for other origins.
    pub(crate) unlimited: Stack<Transport>,
}

impl Client {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            stack: shared.stack.clone(),
            shared: Arc::new(shared),
        }
    }

    /// A client with default settings and the token in `COMFYCONTROL_TOKEN`.
    ///
    /// The environment gives the token, and the proxy if there is one; it never gives a base URL.
    ///
    /// # Errors
    ///
    /// Fails if the variable is missing or does not hold a token, or if a variable that should name a
    /// proxy does not name a usable one.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), comfycontrol::Error> {
    /// let client = comfycontrol::Client::from_env()?;
    /// let user: serde_json::Value = client.get("/v1/user").send().await?.json().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::new().build()
    }

    /// Settings for a client, all of which have defaults.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Begins a request.
    ///
    /// `path` is absolute, such as `/v1/user`; a full URL must belong to the base URL's origin.
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

    /// A client for signed URLs on other hosts: it has no token, and no limiter for them.
    #[must_use]
    pub fn downloader(&self) -> Downloader {
        let with = |stack: &Stack<Transport>, target, limiter| {
            Self::new(Shared {
                stack: Stack::clone(stack),
                target,
                headers: HeaderMap::new(),
                limiter,
                max_body: self.shared.max_body,
                timeouts: self.shared.timeouts,
                unlimited: self.shared.unlimited.clone(),
            })
        };
        Downloader::new(
            with(&self.shared.unlimited, Target::Anywhere, None),
            with(
                &self.stack,
                self.shared.target.clone(),
                self.shared.limiter.clone(),
            ),
        )
    }

    /// The limiter this client keeps to, if it has one.
    #[must_use]
    pub fn limiter(&self) -> Option<&Limiter> {
        self.shared.limiter.as_ref()
    }

    /// The origin the paths of requests are joined to.
    #[must_use]
    pub fn base_url(&self) -> Option<Uri> {
        self.shared.target.uri()
    }

    pub(crate) fn target(&self) -> &Target {
        &self.shared.target
    }

    #[cfg(feature = "sse")]
    pub(crate) fn timeouts(&self) -> Timeouts {
        self.shared.timeouts
    }
}

impl Shared {
    /// Makes a request ready whose URL this client may send to.
    pub(crate) fn prepare(&self, req: &mut Request<Body>) -> Call {
        for (name, value) in &self.headers {
            if !req.headers().contains_key(name) {
                req.headers_mut().insert(name, value.clone());
            }
        }
        Call {
            method: req.method().clone(),
            uri: req.uri().clone(),
        }
    }
}

/// What is remembered of a request that has left.
pub(crate) struct Call {
    method: Method,
    uri: Uri,
}

impl Call {
    /// Lets the result speak of its call; once.
    pub(crate) fn complete(&mut self, result: Answer) -> Result<Response<ResponseBody>, Error> {
        match result {
            Ok(res) => {
                let call = Answered {
                    method: mem::take(&mut self.method),
                    uri: mem::take(&mut self.uri),
                    status: res.status(),
                };
                Ok(res.map(|body| ResponseBody::new(body, call)))
            }
            Err(error) => Err(error.during(&self.method, self.uri.path())),
        }
    }
}

type Answer = Result<Response<StackBody<TransportBody>>, Error>;

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
        let (uri, refused) = match resolved {
            Ok(uri) => (uri, None),
            Err(e) => (Uri::default(), Some(Error::from(e))),
        };
        *req.uri_mut() = uri;
        let call = self.shared.prepare(&mut req);
        let state = match refused {
            None => State::Sent {
                inner: self.stack.call(req),
            },
            error => State::Refused { error },
        };
        ResponseFuture { state, call }
    }
}

/// The same through a shared client.
impl Service<Request<Body>> for &Client {
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = tower::util::Oneshot<Client, Request<Body>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<Body>) -> Self::Future {
        tower::ServiceExt::oneshot(Client::clone(self), req)
    }
}

pin_project! {
    /// Response future of [`Client`].
    pub struct ResponseFuture {
        #[pin]
        state: State<<Stack<Transport> as Service<Request<Body>>>::Future>,
        call: Call,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Refused { error: Option<Error> },
        Sent { #[pin] inner: F },
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.state.project() {
            StateProj::Refused { error } => Err(error.take().expect("polled after completion")),
            StateProj::Sent { inner } => ready!(inner.poll(cx)),
        };
        Poll::Ready(this.call.complete(result))
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
