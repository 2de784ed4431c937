use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use comfycontrol_priority::{Priority, PriorityLimit, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, Quota};
use http::{Request, Response};
use tokio::sync::mpsc;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, service_fn};

pub(crate) type Client = PriorityLimit<BoxCloneSyncService<Request<u32>, Response<()>, BoxError>>;

/// 4 in a second.
pub(crate) fn limiter() -> Limiter {
    Limiter::new(Quota::new(4, Duration::from_secs(1)).expect("valid"))
}

/// A client whose server tells which requests have come.
pub(crate) fn client(limiter: &PriorityLimiter) -> (Client, mpsc::UnboundedReceiver<u32>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let server = service_fn(move |request: Request<u32>| {
        let _ = sender.send(request.into_body());
        async { Ok::<_, BoxError>(Response::new(())) }
    });
    (
        limiter.layer().layer(BoxCloneSyncService::new(server)),
        receiver,
    )
}

/// A client that counts what is sent.
pub(crate) fn counting(limiter: &PriorityLimiter) -> (Client, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let server = service_fn(move |_: Request<u32>| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, BoxError>(Response::new(())) }
    });
    (
        limiter.layer().layer(BoxCloneSyncService::new(server)),
        sent,
    )
}

pub(crate) fn request(number: u32, priority: impl Into<Priority>) -> Request<u32> {
    let mut request = Request::new(number);
    request.extensions_mut().insert::<Priority>(priority.into());
    request
}

/// Starts a call in a task of its own.
pub(crate) fn start(
    client: &Client,
    request: Request<u32>,
) -> tokio::task::JoinHandle<Result<Response<()>, BoxError>> {
    tokio::spawn(client.clone().call(request))
}

/// Starts calls that keep the limiter busy, and sees them wait.
pub(crate) async fn bulk(client: &Client, calls: u32) {
    for _ in 0..calls {
        start(client, request(u32::MAX, Urgency::BACKGROUND));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
}
