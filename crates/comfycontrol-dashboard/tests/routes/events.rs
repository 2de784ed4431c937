//! Event streams.

use std::time::Duration;

use axum::body::Body;
use comfycontrol_dashboard::{Dashboard, FinishedCall, Outcome, Recorder};
use comfycontrol_test::now;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::support::{get, text};

async fn next(stream: &mut Response<Body>) -> Option<String> {
    let frame = stream.body_mut().frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().into()).unwrap())
}

fn data(event: &str) -> Value {
    let (_, data) = event.split_once("data: ").unwrap();
    serde_json::from_str(data).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_state_is_told_once_a_second_and_each_second_of_calls_once_it_is_over() {
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    sleep(Duration::from_millis(2_500)).await;
    let start = now();
    let mut stream = get(&dashboard, "/_/events").await;
    assert_eq!(stream.headers()[CONTENT_TYPE], "text/event-stream");
    let first = next(&mut stream).await.unwrap();
    assert!(first.starts_with("retry: 2000\ndata: {") && first.ends_with("}\n\n"));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(
        data(&first)["calls"]["seconds"].as_array().unwrap().len(),
        3
    );

    // It ends in the second that was told of last.
    recorder.record(FinishedCall::new(Outcome::Failed));
    let second = next(&mut stream).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 1);
    assert!(second.starts_with("data: {") && second.lines().count() == 2);
    let calls = &data(&second)["calls"];
    assert_eq!(calls["first_second"], 2);
    assert_eq!(
        calls["seconds"].to_string(),
        "[[0,0,0,0,1,0],[0,0,0,0,0,0]]"
    );
}

#[tokio::test(start_paused = true)]
async fn streams_end_at_once_when_it_stops_and_no_more_are_opened() {
    let dashboard = Dashboard::builder().build();
    let mut stream = get(&dashboard, "/_/events").await;
    let mut unread = get(&dashboard, "/_/events").await;
    next(&mut stream).await.unwrap();
    let stopping = dashboard.clone();
    tokio::spawn(async move {
        sleep(Duration::from_millis(300)).await;
        stopping.stop();
    });
    let start = now();
    assert_eq!(next(&mut stream).await, None);
    assert!(start.elapsed() < Duration::from_millis(400));
    assert_eq!(next(&mut unread).await, None);
    let late = get(&dashboard, "/_/events").await;
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(late.headers().contains_key(RETRY_AFTER));
}

#[tokio::test(start_paused = true)]
async fn there_are_only_as_many_streams_as_may_be_and_a_stalled_one_makes_room() {
    let dashboard = Dashboard::builder().max_streams(2).build();
    let mut read = get(&dashboard, "/_/events").await;
    let mut stalled = get(&dashboard, "/_/events").await;
    let refused = get(&dashboard, "/_/events").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let metrics = text(get(&dashboard, "/_/metrics").await).await;
    assert!(metrics.contains("comfycontrol_dashboard_streams 2\n"));

    for _ in 0..17 {
        next(&mut read).await.unwrap();
    }
    let mut third = get(&dashboard, "/_/events").await;
    assert_eq!(third.status(), StatusCode::OK);
    assert_eq!(next(&mut stalled).await, None);
    assert!(next(&mut third).await.is_some() && next(&mut read).await.is_some());
    drop(third);
    assert_eq!(get(&dashboard, "/_/events").await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_has_one_event_ready_and_not_many() {
    let dashboard = Dashboard::builder().build();
    let mut stream = get(&dashboard, "/_/events").await;
    sleep(Duration::from_secs(10)).await;
    next(&mut stream).await.unwrap();
    let at_once = timeout(Duration::from_millis(900), next(&mut stream)).await;
    assert!(at_once.is_err(), "events have piled up");
}
