//! Heap allocations, counted: none on the way of a call that need not wait, none left by a crowd.

use std::task::{Context, Waker};
use std::time::Duration;

use allocation_counter::measure;
use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use comfycontrol_test::at_once;
use http::{Request, Response};
use tower::{BoxError, Layer, Service, service_fn};

#[test]
fn a_permit_that_need_not_wait_allocates_nothing() {
    for algorithm in [Algorithm::Strict, Algorithm::SlidingLog] {
        for requests in [40, 1_000, 100_000] {
            let quota = Quota::new(requests, Duration::from_secs(10)).unwrap();
            let limiter = Limiter::builder(quota).algorithm(algorithm).build();
            let response = Response::new(());
            let once = || {
                at_once(limiter.acquire())
                    .unwrap()
                    .dispatch()
                    .settle(&response)
            };
            once();
            let seen = measure(|| (1..40).for_each(|_| once()));
            assert_eq!(seen.count_total, 0, "{requests} in a {algorithm:?} window");
        }
    }
}

#[test]
fn a_permit_that_is_dropped_or_lost_allocates_nothing() {
    let limiter = Limiter::builder(Quota::COMFYCONTROL)
        .max_transit(Duration::from_secs(2))
        .build();
    drop(at_once(limiter.acquire()));
    let seen = measure(|| {
        drop(at_once(limiter.acquire()));
        drop(at_once(limiter.acquire()).unwrap().dispatch());
    });
    assert_eq!(seen.count_total, 0);
}

#[test]
fn a_call_that_need_not_wait_allocates_nothing() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let inner = service_fn(async |_: Request<()>| Ok::<_, BoxError>(Response::new(())));
    let mut service = limiter.layer().layer(inner);
    let mut once = || at_once(service.call(Request::new(()))).unwrap();
    once();
    let seen = measure(|| (1..40).for_each(|_| _ = once()));
    assert_eq!(seen.count_total, 0);
    assert_eq!(limiter.snapshot().granted(), 40);
}

#[test]
fn looking_allocates_nothing() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    at_once(limiter.acquire())
        .unwrap()
        .dispatch()
        .settle(&Response::new(()));
    let seen = measure(|| _ = limiter.snapshot());
    assert_eq!(seen.count_total, 0);
}

#[test]
fn a_crowd_that_has_gone_leaves_hardly_any_memory_behind() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let limiter = Limiter::new(Quota::new(1, Duration::from_secs(60)).unwrap());
    let _permit = at_once(limiter.acquire());
    let seen = measure(|| {
        let _in_runtime = runtime.enter();
        let mut crowd: Vec<_> = (0..10_000).map(|_| Box::pin(limiter.acquire())).collect();
        for call in &mut crowd {
            assert!(
                call.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
        }
    });
    assert!(seen.bytes_max > 1_000_000, "{seen:?}");
    assert!(
        seen.bytes_max < 10_000 * 600,
        "more than 600 bytes a call: {seen:?}"
    );
    assert!(seen.bytes_current < 20_000, "{seen:?}");
}
