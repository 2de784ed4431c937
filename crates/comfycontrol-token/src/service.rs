use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, Entry};
use http::{HeaderMap, Request, Response};
use tower_service::Service;

use crate::clearance::Clearance;
use crate::future::Used;
use crate::lending::Lease;
use crate::{Origin, ResponseFuture, TokenWithheld, Tokens};

/// Puts the token on requests to one origin.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
pub struct AddToken<S> {
    inner: S,
    origin: Arc<Origin>,
    tokens: Tokens,
}

impl<S> AddToken<S> {
    pub(crate) fn new(inner: S, origin: Origin, tokens: Tokens) -> Self {
        Self {
            inner,
            origin: Arc::new(origin),
            tokens,
        }
    }

    /// The tokens in use.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
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
        match Clearance::of(&self.origin, req.uri(), req.headers(), req.extensions()) {
            Clearance::Untouched => ResponseFuture::sent(self.inner.call(req), None),
            Clearance::Elsewhere => {
                remove_ours(req.headers_mut(), &self.tokens);
                ResponseFuture::sent(self.inner.call(req), None)
            }
            Clearance::Withheld(reason) => ResponseFuture::withheld(TokenWithheld::new(reason)),
            Clearance::Granted => match self.tokens.lease(true) {
                Lease::Token(lent) => {
                    let used = Used::put_on(&mut req, lent, &self.tokens);
                    ResponseFuture::sent(self.inner.call(req), Some(used))
                }
                Lease::Nothing(error) => ResponseFuture::withheld(TokenWithheld::no_token(error)),
                Lease::Wait(wait) => {
                    // The instance that was made ready is the one to call, however late.
                    let next = self.inner.clone();
                    let ready = mem::replace(&mut self.inner, next);
                    ResponseFuture::waiting(ready, req, wait, self.tokens.clone())
                }
            },
        }
    }
}

/// Takes our token off a request to another server, where a layer outside may have copied it.
fn remove_ours(headers: &mut HeaderMap, tokens: &Tokens) {
    let Entry::Occupied(entry) = headers.entry(AUTHORIZATION) else {
        return;
    };
    if !entry.iter().any(|value| tokens.knows(value)) {
        return;
    }
    let (name, values) = entry.remove_entry_mult();
    let others: Vec<_> = values.filter(|value| !tokens.knows(value)).collect();
    for value in others {
        headers.append(name.clone(), value);
    }
}
