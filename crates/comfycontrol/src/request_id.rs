use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue, Request};
use tower_http::request_id::{MakeRequestId, RequestId};

/// Numbers the calls of a client: a random part chosen once, and a count.
///
/// All attempts of a call have the same id. One the caller has set is kept.
#[derive(Clone)]
pub struct RequestIds(Arc<Ids>);

struct Ids {
    client: u64,
    calls: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        let client = RandomState::new().hash_one(0);
        Self(Arc::new(Ids {
            client,
            calls: AtomicU64::new(0),
        }))
    }
}

impl MakeRequestId for RequestIds {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        let call = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:016x}-{call:x}", self.0.client);
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestIds").finish_non_exhaustive()
    }
}

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
