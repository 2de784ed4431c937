//! A stack whose errors are boxes: each cause can be had back by its type.

use std::io;

use comfycontrol_rate_limit::{Rejected, RejectedReason};
use comfycontrol_test::{Req, Res, now, request, response, within};
use tokio::task::JoinSet;
use tokio_test::{assert_ready_err, assert_ready_ok, task};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::support::{WINDOW, builder};

#[tokio::test(start_paused = true)]
async fn each_cause_is_found_by_its_type() {
    let limiter = builder(1).max_queued(0).build();
    let mut api = ServiceBuilder::new()
        .layer(limiter.layer())
        .map_err(BoxError::from)
        .service(service_fn(async |_: Req| {
            Err::<Res, _>(io::Error::other("reset"))
        }));
    let error = assert_ready_err!(task::spawn(api.call(request())).poll());
    assert_eq!(error.downcast::<io::Error>().unwrap().to_string(), "reset");
    let error = assert_ready_err!(task::spawn(api.call(request())).poll());
    let error = error.downcast::<Rejected>().unwrap();
    assert_eq!(error.reason(), RejectedReason::QueueFull);
    // Until it cannot be on its way any more, three seconds, and then the window.
    assert!(error.wait() > Some(WINDOW));
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_hides_its_type_serves_many_tasks_within_the_quota() {
    let limiter = builder(3).build();
    let api: BoxCloneSyncService<Req, Res, BoxError> = ServiceBuilder::new()
        .layer(BoxCloneSyncService::layer())
        .layer(limiter.layer())
        .service(service_fn(async |_: Req| {
            Ok::<_, BoxError>(response(200, ""))
        }));
    let started = now();
    let mut calls = JoinSet::new();
    for _ in 0..9 {
        calls.spawn(api.clone().oneshot(request()));
    }
    let most = 3 * WINDOW;
    let outcomes = within(most, calls.join_all()).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(started.elapsed() > 2 * WINDOW, "three, and three a window");
    let seen = limiter.snapshot();
    assert_eq!((seen.granted(), seen.queued(), seen.in_flight()), (9, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn two_stacks_with_other_insides_draw_on_one_limiter() {
    let limiter = builder(2).max_queued(0).build();
    let mut plain = ServiceBuilder::new()
        .layer(limiter.layer())
        .service(service_fn(async |_: Req| {
            Ok::<_, BoxError>(response(200, ""))
        }));
    let mut mapped = ServiceBuilder::new()
        .layer(limiter.layer())
        .map_err(BoxError::from)
        .service(service_fn(async |_: Req| {
            Ok::<_, io::Error>(response(204, ""))
        }));
    assert_ready_ok!(task::spawn(plain.call(request())).poll());
    assert_ready_ok!(task::spawn(mapped.call(request())).poll());
    for error in [
        assert_ready_err!(task::spawn(plain.call(request())).poll()),
        assert_ready_err!(task::spawn(mapped.call(request())).poll()),
    ] {
        assert!(error.is::<Rejected>());
    }
}
