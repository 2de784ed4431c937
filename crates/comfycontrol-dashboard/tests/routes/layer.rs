//! What the layer records.

use std::time::Duration;

use comfycontrol_dashboard::{Dashboard, Recorder};
use comfycontrol_priority::{Priority, PriorityLimiter};
use comfycontrol_rate_limit::{Limiter, Progress, Quota, Step};
use http::{Request, Response, StatusCode};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::support::json;

fn request(status: u16) -> Request<u16> {
    let mut request = Request::new(status);
    request
        .extensions_mut()
        .insert(Priority::default().with_key("ada"));
    request
}

/// Takes 100 ms, and responds with the status that is asked for; 0 is an error, 1 takes an hour.
async fn respond(request: Request<u16>) -> Result<Response<()>, BoxError> {
    let status = request.into_body();
    sleep(Duration::from_millis(100)).await;
    if status == 1 {
        sleep(Duration::from_secs(3_600)).await;
    }
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status)?;
    Ok(response)
}

#[tokio::test(start_paused = true)]
async fn each_call_is_recorded_once_by_what_came_of_it() {
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let mut api = ServiceBuilder::new()
        .layer(recorder.layer())
        .service(service_fn(respond));
    for status in [200, 204, 404, 429, 503] {
        let response = api.call(request(status)).await.unwrap();
        assert_eq!(response.status(), status, "it was changed");
    }
    api.call(request(0)).await.unwrap_err();
    timeout(Duration::from_secs(1), api.call(request(1)))
        .await
        .unwrap_err();
    drop(api.call(request(200)));
    let calls = json(&dashboard, "/_/state").await["calls"].take();
    assert_eq!(calls["totals"], json!([2, 1, 1, 1, 1, 2]));
    assert_eq!(calls["callers"], json!([["ada", 8, 1]]));
    assert_eq!(
        calls["wait"]["count"], 0,
        "no limiter tells when calls leave"
    );
    let duration = json!({ "count": 8, "median": 0.1, "p95": 1.0 });
    assert_eq!(calls["duration"], duration);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_where_the_limiter_lets_the_call_leave() {
    let quota = Quota::new(1, Duration::from_secs(2)).unwrap();
    let limiter = PriorityLimiter::new(Limiter::new(quota));
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let api = ServiceBuilder::new()
        .layer(recorder.layer())
        .layer(limiter.layer())
        .service(service_fn(respond));
    api.clone().oneshot(request(200)).await.unwrap();
    api.oneshot(request(200)).await.unwrap();
    let calls = json(&dashboard, "/_/state").await["calls"].take();
    // The first one does not wait; the second does for a window at least.
    assert_eq!(
        calls["wait"],
        json!({ "count": 2, "median": 0.005, "p95": 5.0 })
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_that_of_the_first_attempt() {
    let quota = Quota::new(1, Duration::from_secs(60)).unwrap();
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let limited = ServiceBuilder::new()
        .layer(Limiter::new(quota).layer())
        .service(service_fn(respond));
    let api = ServiceBuilder::new()
        .layer(recorder.layer())
        .service(service_fn(async |request: Request<u16>| {
            let first = limited.clone().oneshot(request.clone()).await?;
            assert_eq!(first.status(), 503);
            limited.clone().oneshot(request).await
        }));
    api.oneshot(request(503)).await.unwrap();
    let calls = json(&dashboard, "/_/state").await["calls"].take();
    assert_eq!(
        calls["wait"],
        json!({ "count": 1, "median": 0.005, "p95": 0.005 })
    );
}

#[tokio::test(start_paused = true)]
async fn who_follows_a_call_already_still_does() {
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let mut api = ServiceBuilder::new()
        .layer(recorder.layer())
        .layer(Limiter::new(Quota::COMFYCONTROL).layer())
        .service(service_fn(respond));
    let (tracker, mut progress) = Progress::new();
    let mut request = request(1);
    request.extensions_mut().insert(tracker);
    let call = tokio::spawn(api.call(request));
    assert!(matches!(progress.next().await, Some(Step::Left(_))));
    // The steps end when the request has been sent off, though the call goes on.
    assert_eq!(progress.next().await, None);
    call.abort();
    call.await.unwrap_err();
    let calls = json(&dashboard, "/_/state").await["calls"].take();
    assert_eq!(calls["wait"]["count"], 1);
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = Recorder::new().layer().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}
