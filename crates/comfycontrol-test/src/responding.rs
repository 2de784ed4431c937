use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use tower::Service;

/// A service that is always ready, and makes each outcome at once out of the number of its request,
/// counted from 0; and the heads of those requests.
pub fn responding<B, E, F>(respond: F) -> (Responding<F>, Heads)
where
    F: Fn(usize) -> Result<Response<B>, E>,
{
    let heads = Heads::default();
    let service = Responding {
        respond,
        heads: heads.clone(),
    };
    (service, heads)
}

/// The service made by [`responding`]. Clones count together.
#[derive(Clone)]
pub struct Responding<F> {
    respond: F,
    heads: Heads,
}

impl<F> fmt::Debug for Responding<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responding")
            .field("heads", &self.heads)
            .finish_non_exhaustive()
    }
}

impl<B, E, F, ReqBody> Service<Request<ReqBody>> for Responding<F>
where
    F: Fn(usize) -> Result<Response<B>, E>,
{
    type Response = Response<B>;
    type Error = E;
    type Future = Ready<Result<Response<B>, E>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let number = {
            let mut heads = self.heads.all();
            heads.push(request.into_parts().0);
            heads.len() - 1
        };
        ready((self.respond)(number))
    }
}

/// The heads of the requests that have arrived, in their order. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Heads(Arc<Mutex<Vec<Parts>>>);

impl Heads {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.all().len()
    }

    /// All of them, held until the guard is dropped.
    pub fn all(&self) -> MutexGuard<'_, Vec<Parts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{at_once, get, response};

    #[test]
    fn clones_count_together() {
        let (mut service, heads) = responding(|n| match n {
            0 => Ok(response(200, "")),
            _ => Err(n),
        });
        let mut clone = service.clone();
        let first = at_once(service.call(get("https://api.example/a")));
        assert_eq!(first.unwrap().status(), 200);
        assert_eq!(
            at_once(clone.call(get("https://api.example/b"))).unwrap_err(),
            1
        );
        let paths: Vec<_> = heads
            .all()
            .iter()
            .map(|h| h.uri.path().to_owned())
            .collect();
        assert_eq!(paths, ["/a", "/b"]);
        assert_eq!(heads.count(), 2);
    }
}
