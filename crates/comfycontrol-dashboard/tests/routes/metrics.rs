//! The numbers in Prometheus' text form.

use std::time::Duration;

use comfycontrol_dashboard::{Dashboard, FinishedCall, Outcome, Recorder};
use comfycontrol_priority::PriorityLimiter;
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::{Token, TokenProvider};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::support::{get, text};

#[tokio::test(start_paused = true)]
async fn all_that_is_watched_is_in_the_metrics() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let _in_flight = limiter.acquire().await.unwrap().dispatch();
    let throttled = limiter.acquire().await.unwrap().dispatch();
    throttled.settle_parts(StatusCode::TOO_MANY_REQUESTS, &http::HeaderMap::new());
    let recorder = Recorder::new();
    let ok = FinishedCall::new(Outcome::Status(StatusCode::OK));
    recorder.record(ok.with_wait(Duration::from_millis(30)));
    recorder.record(ok.with_duration(Duration::from_secs(3)));
    recorder.record(FinishedCall::new(Outcome::Cancelled));
    let dashboard = Dashboard::builder()
        .priority(PriorityLimiter::new(limiter))
        .token(TokenProvider::from(Token::parse("cfc_secret123").unwrap()))
        .recorder(&recorder)
        .build();

    let response = get(&dashboard, "/_/metrics").await;
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(response.headers()[CONTENT_TYPE], content_type);
    let metrics = text(response).await;
    for line in [
        "comfycontrol_ready 1",
        "comfycontrol_dashboard_streams 0",
        "comfycontrol_rate_limit_slots 40",
        "comfycontrol_rate_limit_slots_free 0",
        "comfycontrol_rate_limit_in_flight 1",
        "comfycontrol_rate_limit_paused_seconds 10.5",
        "comfycontrol_rate_limit_throttled_total 1",
        "comfycontrol_rate_limit_cooldowns_total 1",
        "comfycontrol_priority_queued 0",
        "comfycontrol_token_present 1",
        "comfycontrol_tokens_total 1",
        "comfycontrol_calls_total{class=\"success\"} 2",
        "comfycontrol_calls_total{class=\"throttled\"} 0",
        "comfycontrol_calls_total{class=\"cancelled\"} 1",
        "comfycontrol_call_wait_seconds_bucket{le=\"0.025\"} 0",
        "comfycontrol_call_wait_seconds_bucket{le=\"0.05\"} 1",
        "comfycontrol_call_duration_seconds_bucket{le=\"+Inf\"} 1",
        "comfycontrol_call_duration_seconds_sum 3.0",
        "comfycontrol_call_duration_seconds_count 1",
        "# TYPE comfycontrol_call_wait_seconds histogram",
        "# TYPE comfycontrol_calls_total counter",
    ] {
        assert!(
            metrics.lines().any(|it| it == line),
            "no {line} in\n{metrics}"
        );
    }
    assert!(!metrics.contains("secret"));
}

#[tokio::test]
async fn the_metrics_have_one_size_however_many_calls_and_callers_there_are() {
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let before = text(get(&dashboard, "/_/metrics").await)
        .await
        .lines()
        .count();
    for caller in 0..10_000 {
        let caller = format!("caller {caller}");
        recorder.record(FinishedCall::new(Outcome::Failed).with_caller(&caller));
    }
    let metrics = text(get(&dashboard, "/_/metrics").await).await;
    assert_eq!(metrics.lines().count(), before);
    assert!(metrics.contains("comfycontrol_calls_total{class=\"failed\"} 10000\n"));
}

#[tokio::test]
async fn each_name_is_described_once_and_no_line_is_malformed() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder()
        .limiter(limiter)
        .recorder(&recorder)
        .build();
    let metrics = text(get(&dashboard, "/_/metrics").await).await;
    let mut described = std::collections::HashSet::new();
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(
                described.insert(name.to_owned()) && !help.is_empty(),
                "{line}"
            );
        } else if !line.starts_with("# TYPE ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let name = name.split('{').next().unwrap();
            let parts = ["_bucket", "_sum", "_count"];
            let base = parts.iter().find_map(|part| name.strip_suffix(part));
            assert!(described.contains(base.unwrap_or(name)), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
