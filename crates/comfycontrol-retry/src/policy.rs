//! The rules of [`RetryPolicy`], and how far one call has come by them.

use std::sync::Arc;
use std::time::Duration;

use comfycontrol_core::{Deadline, TryClone};
use http::{Extensions, Method, Request};
use tower::retry::backoff::{Backoff, ExponentialBackoff};
use tower::retry::budget::Budget;

use crate::backoff::Dice;
use crate::earlier::Earlier;
use crate::failure::{Failure, FailureKind};
use crate::settings::RetryPolicy;
use crate::wait::Wait;

/// What holds for all calls.
pub(crate) struct Rules {
    settings: RetryPolicy,
    forget: Forget,
}

/// Removes from a request what is not to be kept with its response.
pub(crate) type Forget = fn(&mut Extensions);

impl Rules {
    pub(crate) fn new(settings: RetryPolicy, forget: Forget) -> Self {
        Self { settings, forget }
    }

    /// The body once more; `None` if the request is never sent again.
    pub(crate) fn copy_body<B: TryClone>(&self, body: &B) -> Option<B> {
        if self.settings.sends_once() {
            return None;
        }
        body.try_clone()
    }
}

/// Copies all of a request but its body.
pub(crate) fn copy_head<B>(from: &Request<B>, to: &mut Request<B>) {
    *to.method_mut() = from.method().clone();
    *to.uri_mut() = from.uri().clone();
    *to.version_mut() = from.version();
    *to.headers_mut() = from.headers().clone();
    *to.extensions_mut() = from.extensions().clone();
}

/// The rules, and what has happened in one call.
pub(crate) struct Policy<E> {
    rules: Arc<Rules>,
    backoff: Option<ExponentialBackoff<Dice>>,
    retries: u32,
    throttled: u32,
    replaced: u32,
    earlier: Earlier<E>,
}

impl<E> Policy<E> {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            backoff: None,
            retries: 0,
            throttled: 0,
            replaced: 0,
            earlier: Earlier::none(),
        }
    }

    /// The request once more; `None` if it is never sent again.
    pub(crate) fn copy<B: TryClone>(&self, req: &Request<B>) -> Option<Request<B>> {
        let mut copy = Request::new(self.rules.copy_body(req.body())?);
        copy_head(req, &mut copy);
        Some(copy)
    }
}

impl<E: Failure> Policy<E> {
    /// The wait before a request that has failed is sent again; `None` if that is the end of it.
    pub(crate) fn retry<B>(&mut self, req: &Request<B>, error: &mut E) -> Option<Wait> {
        // Before the failure takes over what the one before it was.
        let (kind, asked) = (error.failure_kind(), error.retry_after());
        self.earlier.complete(error);
        let wait = self.wait(req, kind, asked)?;
        self.earlier.keep(error);
        Some(wait)
    }

    /// The same for what is known of the failure.
    pub(crate) fn wait<B>(
        &mut self,
        req: &Request<B>,
        kind: FailureKind,
        asked: Option<Duration>,
    ) -> Option<Wait> {
        let asked = asked.unwrap_or_default();
        let wait = match self.verdict(req.method(), kind, asked) {
            Verdict::GiveUp => return None,
            Verdict::Resend => {
                self.replaced += 1;
                Wait::none()
            }
            Verdict::Throttled => {
                self.throttled += 1;
                match self.rules.settings.throttled_wait() {
                    None => Wait::none(),
                    Some(cooldown) => self.backoff(asked.max(cooldown)),
                }
            }
            Verdict::Backoff => {
                self.retries += 1;
                self.backoff(asked)
            }
        };
        if let (Some(Deadline(deadline)), Some(until)) = (req.extensions().get(), wait.until())
            && until >= *deadline
        {
            return None;
        }
        // Last, so that a retry that is not begun costs nothing. What is not waited for here, a
        // rate limiter or another token paces.
        if wait.until().is_some() && !self.rules.settings.budget.withdraw() {
            return None;
        }
        let count = self.retries + self.throttled + self.replaced;
        tracing::Span::current().record("http.request.resend_count", count);
        Some(wait)
    }

    /// Whether the response body of this request may be asked for again if it breaks off.
    pub(crate) fn keeps_for_body<B>(&self, req: &mut Request<B>) -> bool {
        (self.rules.forget)(req.extensions_mut());
        req.method().is_idempotent() && self.retries < self.rules.settings.max_retries
    }

    /// Adds to the budget for a call that has succeeded.
    pub(crate) fn deposit(&self) {
        self.rules.settings.budget.deposit();
    }

    /// What to do about a failure, apart from deadline and budget.
    fn verdict(&self, method: &Method, kind: FailureKind, asked: Duration) -> Verdict {
        let again = match kind {
            FailureKind::TokenReplaced
                if self.rules.settings.token_retry && self.replaced < MAX_REPLACED =>
            {
                return Verdict::Resend;
            }
            FailureKind::Throttled => self.throttled < self.rules.settings.max_throttled_retries,
            FailureKind::MaybeApplied => {
                method.is_idempotent() && self.retries < self.rules.settings.max_retries
            }
            FailureKind::NeverApplied => self.retries < self.rules.settings.max_retries,
            FailureKind::Permanent | FailureKind::Rejected | FailureKind::TokenReplaced => false,
        };
        if !again || asked > MAX_ASKED_WAIT {
            Verdict::GiveUp
        } else if kind == FailureKind::Throttled {
            Verdict::Throttled
        } else {
            Verdict::Backoff
        }
    }

    /// A wait of `least`, and of a backoff on top: calls that failed together do not come back
    /// together.
    fn backoff(&mut self, least: Duration) -> Wait {
        let backoff = &self.rules.settings.backoff;
        let backoff = self.backoff.get_or_insert_with(|| backoff.clone());
        let wait = backoff.next_backoff();
        Wait::over(tokio::time::sleep_until(wait.deadline() + least))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Backoff,
    GiveUp,
    Resend,
    Throttled,
}

/// A caller that is asked to wait longer than this is told, and decides.
const MAX_ASKED_WAIT: Duration = Duration::from_secs(30);
/// A token may be replaced more than once while a call is on its way, but not without end.
const MAX_REPLACED: u32 = 3;
