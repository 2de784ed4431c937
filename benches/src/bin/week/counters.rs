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
pub(crate) struct Books {
    pub(crate) sent: u64,
    /// Responses with 429.
    pub(crate) throttled: u64,
    /// Those that failed, or were dropped.
    pub(crate) lost: u64,
}

/// The edge, with somebody who keeps books at its door.
#[derive(Clone)]
pub(crate) struct Door {
    edge: EdgeService,
    books: Arc<Mutex<Books>>,
}

impl Door {
    pub(crate) fn new(edge: EdgeService) -> (Self, Arc<Mutex<Books>>) {
        let books = Arc::default();
        let door = Self {
            edge,
            books: Arc::clone(&books),
        };
        (door, books)
    }
}

/// A request that is under way. Lost, unless its response comes.
struct UnderWay(Option<Arc<Mutex<Books>>>);

impl UnderWay {
    fn responded(mut self, response: &Response<ApiBody>) {
        if let Some(books) = self.0.take() {
            books.lock().throttled += u64::from(response.status() == 429);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(books) = self.0.take() {
            books.lock().lost += 1;
        }
    }
}

impl Service<Request<Body>> for Door {
    type Response = Response<ApiBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<ApiBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.books.lock().sent += 1;
        let under_way = UnderWay(Some(Arc::clone(&self.books)));
        let response = self.edge.call(request);
        Box::pin(async move {
            let response = response.await?;
            under_way.responded(&response);
            Ok(response)
        })
    }
}
