//! Tower's own middleware around the layer: load shedding, buffers, concurrency limits.

use comfycontrol_rate_limit::{Limiter, Rejected};
use http::{Request, Response};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::load_shed::error::Overloaded;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn load_shedding_outside_sheds_nothing() {
    let limiter = sliding(1);
    let service = ServiceBuilder::new()
        .load_shed()
        .layer(limiter.layer())
        .service(service_fn(ok));
    let mut calls: Vec<_> = (0..5)
        .map(|_| task::spawn(service.clone().oneshot(Request::new(()))))
        .collect();
    assert!(calls[0].poll().is_ready());
    for call in &mut calls[1..] {
        assert_pending!(call.poll());
    }
    drop(calls);
    assert_eq!(limiter.snapshot().queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn load_shedding_inside_sheds_what_has_its_slot() {
    let inner = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .service(service_fn(async |_| {
            std::future::pending::<Result<Response<()>, BoxError>>().await
        }));
    let limiter = sliding(5);
    let mut service = ServiceBuilder::new().layer(limiter.layer()).service(inner);
    let mut first = task::spawn(service.call(Request::new(())));
    assert_pending!(first.poll());
    let error = assert_ready_err!(task::spawn(service.call(Request::new(()))).poll());
    assert!(error.is::<Overloaded>());
    assert_eq!(limiter.snapshot().in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_call_does_not_break_the_service_for_good() {
    let limiter = Limiter::builder(quota(1)).max_queued(0).build();
    let mut service = ServiceBuilder::new()
        .buffer(8)
        .layer(limiter.layer())
        .service(service_fn(ok));
    let mut call = async || {
        within(YEAR, async {
            service.ready().await?.call(Request::new(())).await
        })
        .await
    };
    call().await.unwrap();
    let error = call().await.unwrap_err();
    assert!(error.is::<Rejected>());
    time::advance(3 * WINDOW).await;
    call().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_slot_holds_nothing_of_the_inner_service() {
    let limiter = sliding(1);
    let inner = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(service_fn(ok));
    let mut limited = ServiceBuilder::new()
        .layer(limiter.layer())
        .service(inner.clone());
    limited.call(Request::new(())).await.unwrap();
    let mut waiting = task::spawn(limited.call(Request::new(())));
    assert_pending!(waiting.poll());
    assert!(
        task::spawn(inner.oneshot(Request::new(())))
            .poll()
            .is_ready()
    );
}
