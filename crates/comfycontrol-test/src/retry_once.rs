use std::fmt;
use std::future::{Ready, ready};

use tower::retry::Policy;

use crate::messages::{Req, Res};

/// A retry policy that sends a request once more when the outcome asks for it.
pub struct RetryOnce<E> {
    asks_for_it: fn(&Result<Res, E>) -> bool,
    retried: bool,
}

impl<E> RetryOnce<E> {
    /// Sends a request once more if `asks_for_it`.
    pub fn new(asks_for_it: fn(&Result<Res, E>) -> bool) -> Self {
        Self {
            asks_for_it,
            retried: false,
        }
    }
}

impl<E> Clone for RetryOnce<E> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<E> fmt::Debug for RetryOnce<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryOnce")
            .field("retried", &self.retried)
            .finish_non_exhaustive()
    }
}

impl<E> Policy<Req, Res, E> for RetryOnce<E> {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, outcome: &mut Result<Res, E>) -> Option<Ready<()>> {
        let again = (self.asks_for_it)(outcome) && !self.retried;
        self.retried |= again;
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}
