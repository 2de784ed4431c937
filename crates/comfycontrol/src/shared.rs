use comfycontrol_core::InternalHosts;
use comfycontrol_rate_limit::Limiter;
use comfycontrol_timeout::Timeouts;
use comfycontrol_transport::Transport;
use http::{HeaderMap, Request};

use crate::Body;
use crate::stack::{Layers, Stack};
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
    pub(crate) elsewhere: Elsewhere,
}

/// What reaches other origins: without token and limiter, and nothing of the internal network.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    stack: Stack<Transport<Body>>,
    layers: Layers,
    transport: Transport<Body>,
}

impl Elsewhere {
    pub(crate) fn new(layers: Layers, transport: Transport<Body>, internal: InternalHosts) -> Self {
        let outside = transport.for_other_origins(internal);
        Self {
            stack: layers.clone().stack(outside),
            layers,
            transport,
        }
    }
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
    pub(crate) fn for_other_origins(&self, named: Vec<String>) -> Self {
        // The connections to hosts that are not named are shared.
        let none_named = named.is_empty();
        let internal = self.target.internal_hosts(named);
        let elsewhere = &self.elsewhere;
        let stack = if none_named {
            elsewhere.stack.clone()
        } else {
            let outside = elsewhere.transport.for_other_origins(internal.clone());
            elsewhere.layers.clone().stack(outside)
        };
        Self {
            stack,
            target: Target::Anywhere(internal),
            headers: HeaderMap::new(),
            limiter: None,
            max_response_body: self.max_response_body,
            timeouts: self.timeouts,
            elsewhere: elsewhere.clone(),
        }
    }
}
