//! The rules of [`RetryPolicy`], as a policy of tower's retry middleware.

use std::time::Duration;

use comfycontrol_core::{Deadline, TryClone};
use http::{Method, Request, Response};
use tower::retry::backoff::Backoff;
use tower::retry::budget::Budget;

use crate::earlier::Earlier;
use crate::failure::{Failure, FailureKind};
use crate::settings::RetryPolicy;
use crate::wait::Wait;

/// The settings, and what has happened in one call.
#[derive(Debug)]
pub(crate) struct Policy<E> {
    settings: RetryPolicy,
    retries: u32,
    throttled: u32,
    replaced: u32,
    earlier: Earlier<E>,
}

impl<E> Clone for Policy<E> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            earlier: self.earlier.clone(),
            ..*self
        }
    }
}

impl<E: Failure> Policy<E> {
    pub(crate) fn new(settings: RetryPolicy) -> Self {
        Self {
            settings,
            retries: 0,
            throttled: 0,
            replaced: 0,
            earlier: Earlier::none(),
        }
    }

    /// What to do about a failure, apart from deadline and budget.
    fn verdict(&self, method: &Method, error: &E) -> Verdict {
        let again = match error.failure_kind() {
            FailureKind::TokenReplaced
                if self.settings.token_retry && self.replaced < MAX_REPLACED =>
            {
                return Verdict::Resend;
            }
            FailureKind::Throttled => self.throttled < self.settings.max_throttled_retries,
            FailureKind::MaybeApplied => {
                method.is_idempotent() && self.retries < self.settings.max_retries
            }
            FailureKind::NeverApplied => self.retries < self.settings.max_retries,
            FailureKind::Permanent | FailureKind::Rejected | FailureKind::TokenReplaced => false,
        };
        let asked = error.retry_after().unwrap_or_default();
        if !again || asked > MAX_ASKED_WAIT {
            Verdict::GiveUp
        } else if error.failure_kind() == FailureKind::Throttled {
            Verdict::Throttled
        } else {
            Verdict::Backoff
        }
    }

    /// A wait of `least`, and of a backoff on top, lest those that failed together come back together.
    fn backoff(&mut self, least: Duration) -> Wait {
        let backoff = self.settings.backoff.next_backoff();
        Wait::over(tokio::time::sleep_until(backoff.deadline() + least))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Backoff,
    GiveUp,
    Resend,
    Throttled,
}

impl<B: TryClone, R, E: Failure> tower::retry::Policy<Request<B>, Response<R>, E> for Policy<E> {
    type Future = Wait;

    fn retry(&mut self, req: &mut Request<B>, result: &mut Result<Response<R>, E>) -> Option<Wait> {
        let Err(error) = result else {
            self.settings.budget.deposit();
            return None;
        };
        // Before the failure takes over what the one before it was.
        let verdict = self.verdict(req.method(), error);
        let asked = error.retry_after().unwrap_or_default();
        self.earlier.complete(error);
        let wait = match verdict {
            Verdict::GiveUp => return None,
            Verdict::Resend => {
                self.replaced += 1;
                Wait::none()
            }
            Verdict::Throttled => {
                self.throttled += 1;
                match self.settings.throttled_wait() {
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
        // Last, so that a retry that is not begun costs nothing. What is not waited for here, a rate
        // limiter or another token paces.
        if wait.until().is_some() && !self.settings.budget.withdraw() {
            return None;
        }
        let count = self.retries + self.throttled + self.replaced;
        tracing::Span::current().record("http.request.resend_count", count);
        self.earlier.keep(error);
        Some(wait)
    }

    fn clone_request(&mut self, req: &Request<B>) -> Option<Request<B>> {
        if self.settings.sends_once() {
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

/// Who is asked to wait longer than this is told, and decides.
const MAX_ASKED_WAIT: Duration = Duration::from_secs(30);
/// A token may be replaced more than once while a call is on its way, but not for ever.
const MAX_REPLACED: u32 = 3;
