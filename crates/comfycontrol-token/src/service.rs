use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, Entry};
use http::{HeaderMap, Request, Response};
use tower_service::Service;

use crate::attached::AttachedToken;
use crate::destination::Destination;
use crate::provider::Lookup;
use crate::{Origin, ResponseFuture, TokenProvider, TokenWithheld};

/// Puts the token on requests to one origin, and on no others.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct AddToken<S> {
    inner: S,
    origin: Arc<Origin>,
    provider: TokenProvider,
}

impl<S> AddToken<S> {
    pub(crate) fn new(inner: S, origin: Origin, provider: TokenProvider) -> Self {
        Self {
            inner,
            origin: Arc::new(origin),
            provider,
        }
    }

    /// The provider of the token, with its settings and its [`snapshot`](TokenProvider::snapshot).
    pub fn provider(&self) -> &TokenProvider {
        &self.provider
    }

    /// Gets a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Gets a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Consumes `self`, returning the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for AddToken<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    S::Error: From<TokenWithheld>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<ReqBody>) -> Self::Future {
        match Destination::of(&self.origin, req.uri(), req.headers(), req.extensions()) {
            Destination::Exempt => ResponseFuture::sent(self.inner.call(req), None),
            Destination::OtherOrigin => {
                remove_ours(req.headers_mut(), &self.provider);
                ResponseFuture::sent(self.inner.call(req), None)
            }
            Destination::Unclear(reason) => ResponseFuture::withheld(TokenWithheld::new(reason)),
            Destination::OwnOrigin => match self.provider.lookup(true) {
                Lookup::Found(token) => {
                    let token = AttachedToken::attach(&mut req, token, &self.provider);
                    ResponseFuture::sent(self.inner.call(req), Some(token))
                }
                Lookup::Missing(error) => ResponseFuture::withheld(TokenWithheld::no_token(error)),
                Lookup::Wait(wait) => {
                    // The instance that was made ready is the one to call, however late.
                    let next = self.inner.clone();
                    let ready = mem::replace(&mut self.inner, next);
                    ResponseFuture::waiting(ready, req, wait, self.provider.clone())
                }
            },
        }
    }
}

/// Takes our token off a request to another server, where a layer outside may have copied it.
fn remove_ours(headers: &mut HeaderMap, provider: &TokenProvider) {
    let Entry::Occupied(entry) = headers.entry(AUTHORIZATION) else {
        return;
    };
    if !entry.iter().any(|value| provider.knows(value)) {
        return;
    }
    let (name, values) = entry.remove_entry_mult();
    let others: Vec<_> = values.filter(|value| !provider.knows(value)).collect();
    for value in others {
        headers.append(name.clone(), value);
    }
}
