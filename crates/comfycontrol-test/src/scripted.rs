use std::collections::VecDeque;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{BoxError, Service};

use crate::messages::Late;

/// A service that is always ready, and gives its outcomes in turn, at once. Clones share what is
/// left.
pub struct Scripted<E = BoxError, B = Late>(Arc<Mutex<Outcomes<E, B>>>);

type Outcomes<E, B> = VecDeque<Result<Response<B>, E>>;

impl<E, B> Scripted<E, B> {
    /// Gives these, the first one first.
    pub fn new(outcomes: impl IntoIterator<Item = Result<Response<B>, E>>) -> Self {
        Self(Arc::new(Mutex::new(outcomes.into_iter().collect())))
    }

    /// Gives one response.
    pub fn once(response: Response<B>) -> Self {
        Self::new([Ok(response)])
    }

    /// How many outcomes are left.
    pub fn unsent(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<E, B> Clone for Scripted<E, B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E, B> fmt::Debug for Scripted<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted")
            .field("unsent", &self.unsent())
            .finish()
    }
}

impl<E, B, ReqBody> Service<Request<ReqBody>> for Scripted<E, B> {
    type Response = Response<B>;
    type Error = E;
    type Future = Ready<Result<Response<B>, E>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<ReqBody>) -> Self::Future {
        let mut outcomes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ready(outcomes.pop_front().expect("one call more than outcomes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{at_once, request, response};

    #[test]
    fn clones_share_what_is_left() {
        let mut service = Scripted::new([Ok(response(200, "")), Err("reset")]);
        let mut clone = service.clone();
        assert_eq!(at_once(service.call(request())).unwrap().status(), 200);
        assert_eq!(clone.unsent(), 1);
        assert_eq!(at_once(clone.call(request())).unwrap_err(), "reset");
        assert_eq!(service.unsent(), 0);
    }
}
