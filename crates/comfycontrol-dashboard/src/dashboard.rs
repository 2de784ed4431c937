use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use comfycontrol_priority::PriorityLimiter;
use comfycontrol_rate_limit::Limiter;
use comfycontrol_token::TokenProvider;
use http::{Request, Response};
use tower_service::Service;

use crate::body::Body;
use crate::hub::Hub;
use crate::recorder::Recorder;
use crate::respond::respond;
use crate::watched::Watched;

/// Responds with a page that shows live what a limiter does, with metrics, health and readiness.
///
/// A tower service that is always ready and never fails. It reads the path of a request, without
/// the prefix where it is mounted, and neither its headers nor its body. Clones are handles to
/// one.
///
/// See the [crate docs](crate) for an example and for the paths.
#[derive(Clone)]
pub struct Dashboard {
    hub: Arc<Hub>,
}

impl Dashboard {
    /// Begins a dashboard that watches nothing yet.
    pub fn builder() -> DashboardBuilder {
        DashboardBuilder {
            watched: Watched::default(),
            max_streams: 16,
        }
    }

    /// Ends all event streams at once, opens no more, and says that it is not ready: for the
    /// beginning of a graceful stop, which would wait for those streams without end.
    pub fn stop(&self) {
        self.hub.stop();
    }
}

impl<B> Service<Request<B>> for Dashboard {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// # Panics
    ///
    /// When events are asked for outside a tokio runtime with time enabled.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(respond(
            &self.hub,
            request.method(),
            request.uri().path(),
        )))
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard").finish_non_exhaustive()
    }
}

/// Says what a [`Dashboard`] watches. The page leaves out what it is not given.
#[derive(Clone, Debug)]
#[must_use]
pub struct DashboardBuilder {
    watched: Watched,
    max_streams: usize,
}

impl DashboardBuilder {
    /// Shows this limiter; by default the one behind the [priority limiter](Self::priority).
    pub fn limiter(mut self, limiter: Limiter) -> Self {
        self.watched.limiter = Some(limiter);
        self
    }

    /// Shows who waits at this limiter, by the names of their [keys](comfycontrol_priority::Key):
    /// at most 200 of them.
    pub fn priority(mut self, limiter: PriorityLimiter) -> Self {
        self.watched.priority = Some(limiter);
        self
    }

    /// Shows where the token comes from, when it ends and what is wrong with it, and never the
    /// token.
    ///
    /// Without a token that is good by its date it is not ready. A program that reads its token
    /// when it starts ([`preload`](TokenProvider::preload)) is ready at once; of another one the
    /// first question whether it is ready has the source read.
    pub fn token(mut self, provider: TokenProvider) -> Self {
        self.watched.token = Some(provider);
        self
    }

    /// Shows the calls that this recorder is told of.
    pub fn recorder(mut self, recorder: &Recorder) -> Self {
        self.watched.records = Some(recorder.shared().clone());
        self
    }

    /// How many pages may be shown live at a time, 16 by default. One more gets a 503, unless there
    /// is one whose reader has not read for 15 s: that one ends.
    pub fn max_streams(mut self, streams: usize) -> Self {
        self.max_streams = streams;
        self
    }

    /// Builds the dashboard.
    pub fn build(self) -> Dashboard {
        Dashboard {
            hub: Arc::new(Hub::new(self.watched, self.max_streams)),
        }
    }
}
