//! What a response means to the limiter: whether the server throttled the request.

use std::sync::Arc;

use comfycontrol_core::retry_after;
use http::{HeaderMap, StatusCode};

use crate::admission::Outcome;

/// Tells throttled responses from all others: by default those with status 429.
#[derive(Clone, Default)]
pub(crate) struct Classifier {
    is_throttled: Option<Predicate>,
}

type Predicate = Arc<dyn Fn(StatusCode, &HeaderMap) -> bool + Send + Sync>;

impl Classifier {
    pub(crate) fn new<F>(is_throttled: F) -> Self
    where
        F: Fn(StatusCode, &HeaderMap) -> bool + Send + Sync + 'static,
    {
        Self {
            is_throttled: Some(Arc::new(is_throttled)),
        }
    }

    #[inline]
    pub(crate) fn outcome(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        if self.is_throttled.is_none() && status != StatusCode::TOO_MANY_REQUESTS {
            return Outcome::Responded;
        }
        self.judge(status, headers)
    }

    #[cold]
    fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        let is_throttled = self.is_throttled.as_ref();
        if is_throttled.is_none_or(|is_throttled| is_throttled(status, headers)) {
            Outcome::Throttled(retry_after(headers))
        } else {
            Outcome::Responded
        }
    }
}
