//! What the layer records.

use std::time::Duration;

use comfycontrol_dashboard::{Dashboard, MarkDepartureLayer, Recorder};
use comfycontrol_priority::{Priority, PriorityLimiter};
use comfycontrol_rate_limit::{Limiter, Quota};
use http::{Request, Response, StatusCode};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

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
    assert_eq!(calls["wait"]["count"], 0, "nothing marks when calls leave");
    let duration = json!({ "count": 8, "median": 0.1, "p95": 1.0 });
    assert_eq!(calls["duration"], duration);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_where_departures_are_marked() {
    let quota = Quota::new(1, Duration::from_secs(2)).unwrap();
    let limiter = PriorityLimiter::new(Limiter::new(quota));
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let api = ServiceBuilder::new()
        .layer(recorder.layer())
        .layer(limiter.layer())
        .layer(MarkDepartureLayer::new())
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
