use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::priority::PriorityLimiter;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::{ClientBuilder, Error};
use comfycontrol_core::BoxError;
use http::{HeaderName, Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::caller::Callers;
use crate::gateway::Gateway;
use crate::host::Hosts;
use crate::keys::CallerKeys;
use crate::pages::Pages;
use crate::record::{FinishedCall, Observer};
use crate::shared::Shared;
use crate::spool::Spool;
use crate::stop::Stop;

/// Builds a [`Gateway`]: its limit, its bounds and who may call.
///
/// All settings have defaults.
#[must_use]
pub struct GatewayBuilder {
    client: ClientBuilder,
    limiter: Option<Limiter>,
    priority: Option<PriorityLimiter>,
    quota: Quota,
    max_wait: Duration,
    max_queued: usize,
    hosts: Hosts,
    callers: Callers,
    spool: Spool,
    pages: Option<Pages>,
    observer: Option<Observer>,
}

impl GatewayBuilder {
    pub(crate) fn new(client: ClientBuilder) -> Self {
        Self {
            client,
            limiter: None,
            priority: None,
            quota: Quota::COMFYCONTROL,
            max_wait: Duration::from_secs(60),
            max_queued: 1_000,
            hosts: Hosts::default(),
            callers: Callers {
                keys: None,
                header: HeaderName::from_static("x-caller"),
            },
            spool: Spool::new(),
            pages: None,
            observer: None,
        }
    }

    /// Sets the quota, which `RateLimit-Policy` tells callers. The default is 40 requests in 10 s.
    ///
    /// The gateway keeps to it by itself where neither a [`limiter`](Self::limiter) nor a
    /// [`priority`](Self::priority) is set, which have quotas of their own.
    pub fn quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Sets the limiter that all calls wait at, such as one that is shared with other programs; give
    /// its [`quota`](Self::quota) too. The default is one of the gateway's own.
    ///
    /// It has no effect where a [`priority`](Self::priority) is set.
    pub fn limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Sets the limiter that all calls wait at, with an order and a longest queue of its own: for a
    /// page that shows who waits. Give its [`quota`](Self::quota) too.
    ///
    /// It goes before [`limiter`](Self::limiter) and [`max_queued`](Self::max_queued), in any order
    /// they are set.
    pub fn priority(mut self, limiter: PriorityLimiter) -> Self {
        self.priority = Some(limiter);
        self
    }

    /// Sets how long a call waits for its slot at most, once its body has been read; then its
    /// response is a 503. A caller may ask for less by `Prefer: wait=SECONDS`. Zero is now or
    /// not at all: what is free is used. The default is 60 s.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait.min(Limiter::MAX_PAUSE);
        self
    }

    /// Sets how many calls may wait behind the one that is next; the response to one more is a 503.
    /// The default is 1,000.
    ///
    /// It has no effect where a [`priority`](Self::priority) is set.
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.max_queued = calls;
        self
    }

    /// Sets how large the body of a request may be, in bytes; the response to one that is larger is
    /// a 413. The default is 256 MiB.
    pub fn max_request_body(mut self, bytes: u64) -> Self {
        self.spool.max_body = bytes;
        self
    }

    /// Sets how many bytes the bodies that do not fit into memory may have together, in files
    /// without a name; a call for which there is no room gets a 503. The default is 2 GiB.
    pub fn max_spooled(mut self, bytes: u64) -> Self {
        self.spool.set_space(bytes);
        self
    }

    /// Sets the directory on whose file system bodies are kept that do not fit into memory.
    ///
    /// The default is the system's directory for temporary files.
    pub fn spool_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.spool.directory = Some(directory.into());
        self
    }

    /// Takes calls for this host too, not only for the names of this machine. Ports are not
    /// looked at.
    pub fn host(mut self, name: impl AsRef<str>) -> Self {
        self.hosts.add(name.as_ref());
        self
    }

    /// Takes calls for any host: for a service whose outer layers check it, or that no browser
    /// reaches.
    pub fn any_host(mut self) -> Self {
        self.hosts.allow_any();
        self
    }

    /// Lets in only who shows one of these keys; the name of a key has turns of its own.
    pub fn caller_keys(mut self, keys: CallerKeys) -> Self {
        self.callers.keys = Some(keys);
        self
    }

    /// Sets the header by which callers are told apart where they have no keys, `x-caller` by
    /// default: each name has turns of its own. It stops at the gateway. Without it, callers
    /// are told apart by their [`Peer`](crate::Peer).
    pub fn caller_header(mut self, name: HeaderName) -> Self {
        self.callers.header = name;
        self
    }

    /// Serves what is below `/_/` by this service, which sees `/_/x` as `/x`, after host and key
    /// were checked. Without one the response is a 404; nothing below is ever sent to the API.
    pub fn pages<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.pages = Some(Pages::new(service));
        self
    }

    /// Tells of each call once it is over, but not of its own pages: for logs and metrics. It must
    /// not block.
    pub fn on_finished(mut self, tell: impl Fn(&FinishedCall) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(tell));
        self
    }

    /// Builds the gateway, with a client of its own.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn build(self) -> Result<Gateway, Error> {
        let priority = self.priority.unwrap_or_else(|| {
            let limiter = self.limiter.unwrap_or_else(|| Limiter::new(self.quota));
            PriorityLimiter::builder(limiter)
                .max_queued(self.max_queued)
                .build()
        });
        Ok(Gateway::of(Shared {
            client: self.client.rate_limit(priority.clone()).build()?,
            priority,
            quota: self.quota,
            max_wait: self.max_wait,
            hosts: self.hosts,
            callers: self.callers,
            spool: self.spool,
            pages: self.pages,
            observer: self.observer,
            stop: Stop::new(),
        }))
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder")
            .field("client", &self.client)
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

// Here, since the handle itself knows nothing of the builder.
impl Gateway {
    /// Creates a gateway over a client of these settings, with the defaults of the
    /// [builder](Self::builder).
    ///
    /// # Errors
    ///
    /// As [`GatewayBuilder::build`].
    pub fn new(client: ClientBuilder) -> Result<Self, Error> {
        Self::builder(client).build()
    }

    /// Begins a gateway over a client of these settings. Its rate limit is the gateway's: what the
    /// settings say of one has no effect.
    pub fn builder(client: ClientBuilder) -> GatewayBuilder {
        GatewayBuilder::new(client)
    }
}
