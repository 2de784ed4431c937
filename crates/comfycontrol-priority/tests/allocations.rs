//! A call that need not wait allocates nothing on its way through the layer.

use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, Quota};
use futures_util::FutureExt;
use http::{Request, Response};
use tower::{BoxError, Layer, Service, service_fn};

#[test]
fn a_call_that_need_not_wait_allocates_nothing() {
    let limiter = PriorityLimiter::new(Limiter::new(Quota::COMFYCONTROL));
    let mut client = limiter.layer().layer(service_fn(|_: Request<()>| async {
        Ok::<_, BoxError>(Response::new(()))
    }));
    let mut call = |request| {
        client
            .call(request)
            .now_or_never()
            .expect("ready")
            .expect("sent")
    };
    call(Request::new(()));

    let mut request = Request::new(());
    request
        .extensions_mut()
        .insert(Priority::new(Urgency::HIGHEST).with_key("studio"));
    let seen = allocation_counter::measure(|| {
        call(Request::new(()));
        call(request);
    });
    assert_eq!(seen.count_total, 0);
}
