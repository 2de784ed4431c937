//! What is seen below the client: every request that leaves, and what becomes of it.

use std::sync::Arc;
use std::task::{Context, Poll};

use comfycontrol::Body;
use comfycontrol_emulator::{Body as ApiBody, EdgeService};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use parking_lot::Mutex;
use tower::{BoxError, Service};

/// How many requests of each kind there were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counters {
    pub(crate) sent: u64,
    /// Responses with 429.
    pub(crate) throttled: u64,
    /// Those that failed, or were dropped.
    pub(crate) lost: u64,
}

/// The edge, which counts what comes to it.
#[derive(Clone)]
pub(crate) struct Counting {
    edge: EdgeService,
    counters: Arc<Mutex<Counters>>,
}

impl Counting {
    pub(crate) fn new(edge: EdgeService) -> (Self, Arc<Mutex<Counters>>) {
        let counters = Arc::default();
        let counting = Self {
            edge,
            counters: Arc::clone(&counters),
        };
        (counting, counters)
    }
}

/// A request that is under way. Lost, unless its response comes.
struct UnderWay(Option<Arc<Mutex<Counters>>>);

impl UnderWay {
    fn responded(mut self, response: &Response<ApiBody>) {
        if let Some(counters) = self.0.take() {
            counters.lock().throttled += u64::from(response.status() == 429);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(counters) = self.0.take() {
            counters.lock().lost += 1;
        }
    }
}

impl Service<Request<Body>> for Counting {
    type Response = Response<ApiBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<ApiBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.counters.lock().sent += 1;
        let under_way = UnderWay(Some(Arc::clone(&self.counters)));
        let response = self.edge.call(request);
        Box::pin(async move {
            let response = response.await?;
            under_way.responded(&response);
            Ok(response)
        })
    }
}
