//! When a request is sent again, as a [`tower::retry::Policy`].
//!
//! | failure | method | wait |
//! |---|---|---|
//! | 429 | any | none here: the limiter's gate holds the next attempt until the cooldown is over |
//! | never sent, refused unprocessed by HTTP/2, or by a reply that says so | any | backoff |
//! | other replies of the passing kind (500, 502, 503, …), broken connection, timeout of an attempt | idempotent only (RFC 9110 §9.2.2) | backoff |
//! | 401 after which the token was replaced | any | none, once |
//!
//! Nothing else is repeated, and nothing whose body cannot be sent again. Backoff comes on top of the
//! `Retry-After` of the reply (RFC 9110 §10.2.3). A wait that would end after the call's deadline is
//! not begun, nor one for which the reply asks more than 30 s.
//!
//! The error of the last attempt is the error of the call, but what it says of
//! [having been sent](Error::sent) covers all attempts; and if the limiter does not admit a retry, the
//! failure that made it necessary is the error.
//!
//! ```
//! use comfycontrol::retry::RetryPolicy;
//! use comfycontrol::{Body, Client, Error};
//! use http::{Request, Response};
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! static SENT: AtomicU32 = AtomicU32::new(0);
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Error> {
//! let client = Client::builder()
//!     .without_token()
//!     .retry(RetryPolicy::new().max_retries(1))
//!     .transport(tower::service_fn(|_: Request<Body>| async {
//!         SENT.fetch_add(1, Ordering::Relaxed);
//!         Response::builder().status(503).body(Body::empty())
//!     }))
//!     .build()?;
//!
//! client.get("/v1/user").send().await.unwrap_err();
//! assert_eq!(SENT.swap(0, Ordering::Relaxed), 2);
//! // A POST may have been applied: it is not sent again.
//! client.post("/v1/workflow").send().await.unwrap_err();
//! assert_eq!(SENT.load(Ordering::Relaxed), 1);
//! # Ok(())
//! # }
//! ```

mod backoff;
mod earlier;
mod wait;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_rate_limit::AdmitBy;
use comfycontrol_token::TokenReplaced;
use http::{Request, Response, StatusCode};
use tower::retry::Policy;
use tower::retry::backoff::{Backoff, ExponentialBackoff};
use tower::retry::budget::{Budget, TpsBudget};

use self::backoff::{Dice, backoff};
use self::earlier::Earlier;
pub use self::wait::Wait;
use crate::{Body, Error};

/// Decides whether a request is sent again.
///
/// Clones share the budget: what one call spends on retries, another cannot. See the
/// [module docs](self) for the rules.
#[derive(Clone)]
#[must_use]
pub struct RetryPolicy {
    max_retries: u32,
    max_throttled: u32,
    cooldown: Option<Duration>,
    /// Whether there is a token that can be replaced.
    tokens: bool,
    budget: Arc<TpsBudget>,
    backoff: ExponentialBackoff<Dice>,
    retries: u32,
    throttled: u32,
    replaced: bool,
    earlier: Earlier,
}

impl RetryPolicy {
    /// Up to two retries a call after 0.2 s and 0.4 s, each up to doubled by chance; up to three
    /// more after 429s.
    ///
    /// The budget allows a fifth of the calls of the last 10 s to be retried, and one a second
    /// besides.
    pub fn new() -> Self {
        Self {
            max_retries: 2,
            max_throttled: 3,
            cooldown: None,
            tokens: true,
            budget: Arc::new(TpsBudget::new(Duration::from_secs(10), 1, 0.2)),
            backoff: backoff(),
            retries: 0,
            throttled: 0,
            replaced: false,
            earlier: Earlier::default(),
        }
    }

    /// Never sends anything again, except once after the token was replaced.
    pub fn none() -> Self {
        Self::new().max_retries(0).max_throttled(0)
    }

    /// Sets how often a call is retried after failures other than 429.
    pub fn max_retries(mut self, max: u32) -> Self {
        self.max_retries = max;
        self
    }

    /// Sets how often a call is retried after a 429.
    pub fn max_throttled(mut self, max: u32) -> Self {
        self.max_throttled = max;
        self
    }

    /// Waits after a 429 itself, `cooldown` if the answer does not say how long, at most five minutes.
    ///
    /// For stacks without the limiter, whose gate does that otherwise.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = Some(cooldown);
        self
    }

    /// The same, unless a cooldown is set.
    pub(crate) fn or_cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown.get_or_insert(cooldown);
        self
    }

    /// The same for a stack in which no token is added.
    pub(crate) fn without_tokens(mut self) -> Self {
        self.tokens = false;
        self
    }

    fn sends_once(&self) -> bool {
        self.max_retries == 0 && self.max_throttled == 0 && !self.tokens
    }

    /// What to do about a failure, apart from deadline and budget.
    fn verdict(&self, method: &http::Method, error: &Error) -> Verdict {
        let status = error.status();
        if !self.replaced && status == Some(StatusCode::UNAUTHORIZED) && token_was_replaced(error) {
            return Verdict::Resend;
        }
        if status == Some(StatusCode::TOO_MANY_REQUESTS) {
            return if self.throttled < self.max_throttled {
                Verdict::Throttled
            } else {
                Verdict::GiveUp
            };
        }
        // A refusal by the limiter would only be refused again.
        let again = error.as_not_admitted().is_none()
            && (error.is_unapplied() || (method.is_idempotent() && error.is_transient()));
        let soon = error
            .retry_after()
            .is_none_or(|asked| asked <= LONGEST_ASKED);
        if again && soon && self.retries < self.max_retries {
            Verdict::Backoff
        } else {
            Verdict::GiveUp
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Backoff,
    GiveUp,
    Resend,
    Throttled,
}

impl<B> Policy<Request<Body>, Response<B>, Error> for RetryPolicy {
    type Future = Wait;

    fn retry(
        &mut self,
        req: &mut Request<Body>,
        result: &mut Result<Response<B>, Error>,
    ) -> Option<Wait> {
        let Err(error) = result else {
            self.budget.deposit();
            return None;
        };
        self.earlier.complete(error);
        let wait = match self.verdict(req.method(), error) {
            Verdict::GiveUp => return None,
            Verdict::Resend => {
                self.replaced = true;
                Wait::none()
            }
            Verdict::Throttled => {
                self.throttled += 1;
                match self.cooldown {
                    None => Wait::none(),
                    Some(wait) => {
                        let wait = error.retry_after().unwrap_or(wait).min(LONGEST_COOLDOWN);
                        Wait::over(tokio::time::sleep(wait))
                    }
                }
            }
            Verdict::Backoff => {
                if !self.budget.withdraw() {
                    return None;
                }
                self.retries += 1;
                let backoff = self.backoff.next_backoff();
                let asked = error.retry_after().unwrap_or_default();
                Wait::over(tokio::time::sleep_until(backoff.deadline() + asked))
            }
        };
        if let (Some(AdmitBy(deadline)), Some(until)) = (req.extensions().get(), wait.until())
            && until >= *deadline
        {
            return None;
        }
        let count = self.retries + self.throttled + u32::from(self.replaced);
        tracing::Span::current().record("http.request.resend_count", count);
        self.earlier.keep(error);
        Some(wait)
    }

    fn clone_request(&mut self, req: &Request<Body>) -> Option<Request<Body>> {
        if self.sends_once() {
            return None;
        }
        let mut copy = Request::new(req.body().try_clone()?);
        *copy.method_mut() = req.method().clone();
        *copy.uri_mut() = req.uri().clone();
        *copy.version_mut() = req.version();
        *copy.headers_mut() = req.headers().clone();
        *copy.extensions_mut() = req.extensions().clone();
        Some(copy)
    }
}

fn token_was_replaced(error: &Error) -> bool {
    error
        .as_api()
        .is_some_and(|api| api.extensions().get::<TokenReplaced>().is_some())
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_retries", &self.max_retries)
            .field("max_throttled", &self.max_throttled)
            .field("cooldown", &self.cooldown)
            .finish_non_exhaustive()
    }
}

/// Whoever is asked to wait longer than this hears it, and decides.
const LONGEST_ASKED: Duration = Duration::from_secs(30);
/// No server may silence a call for longer.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(5 * 60);
