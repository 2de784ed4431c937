use comfycontrol_rate_limit::Limiter;
use comfycontrol_timeout::Timeouts;
use comfycontrol_transport::Transport;
use http::{HeaderMap, Request};

use crate::Body;
use crate::stack::Stack;
use crate::url::Target;

/// What the clones of a client, and the requests made by them, share.
pub(crate) struct Shared {
    /// Each call of a [`RequestBuilder`](crate::RequestBuilder) is made by a copy of its own.
    pub(crate) stack: Stack<Transport<Body>>,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    pub(crate) limiter: Option<Limiter>,
    pub(crate) max_response_body: usize,
    pub(crate) timeouts: Timeouts,
    /// The same stack without token and limiter, for other origins.
    pub(crate) unlimited: Stack<Transport<Body>>,
}

impl Shared {
    /// Adds the default headers that a request does not have.
    pub(crate) fn add_headers(&self, req: &mut Request<Body>) {
        for (name, value) in &self.headers {
            if !req.headers().contains_key(name) {
                req.headers_mut().insert(name, value.clone());
            }
        }
    }

    /// The same for absolute URLs of any origin.
    pub(crate) fn for_other_origins(&self, internal_hosts: Vec<String>) -> Self {
        Self {
            stack: self.unlimited.clone(),
            target: self.target.elsewhere(internal_hosts),
            headers: HeaderMap::new(),
            limiter: None,
            max_response_body: self.max_response_body,
            timeouts: self.timeouts,
            unlimited: self.unlimited.clone(),
        }
    }
}
