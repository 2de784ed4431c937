//! The state, as the page is told.

use std::time::Duration;

use comfycontrol_dashboard::{Dashboard, FinishedCall, Outcome, Recorder};
use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, MemoryStore, Quota};
use comfycontrol_token::{Token, TokenHandle, TokenProvider};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{advance, sleep};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use crate::support::{get, json, text};

const CALLERS: usize = 300;

/// `CALLERS` + 3 calls that wait behind the one that is at the limiter, of as many callers and one.
async fn queue() -> PriorityLimiter {
    let quota = Quota::new(1, Duration::from_secs(1_000)).unwrap();
    let limiter = PriorityLimiter::new(Limiter::new(quota));
    let api = limiter.layer().layer(service_fn(|_: Request<()>| async {
        Ok::<_, BoxError>(Response::new(()))
    }));
    let call = |priority: Priority| {
        let mut request = Request::new(());
        request.extensions_mut().insert(priority);
        tokio::spawn(api.clone().oneshot(request));
    };
    // One leaves, one is at the limiter.
    (0..2).for_each(|_| call(Priority::default()));
    sleep(Duration::from_millis(1)).await;
    (0..CALLERS).for_each(|n| call(Priority::default().with_key(format!("caller {n:03}"))));
    let name = "<script>alert(1)</script> cfc_abc123";
    (0..2).for_each(|_| call(Priority::new(Urgency::HIGHEST).with_key(name)));
    call(Priority::new(Urgency::HIGHEST));
    sleep(Duration::from_millis(1)).await;
    limiter
}

#[tokio::test(start_paused = true)]
async fn the_queue_names_callers_without_tokens_and_no_more_than_some() {
    let dashboard = Dashboard::builder().priority(queue().await).build();
    let state = json(&dashboard, "/_/state").await;
    let queue = &state["queue"];
    assert_eq!(queue["queued"], CALLERS + 3);
    assert_eq!(queue["unnamed"], 1);
    assert_eq!(
        queue["callers"][0],
        json!(["<script>alert(1)</script> cfc_***", 2])
    );
    let named = queue["callers"].as_array().unwrap().len();
    // Two lines of the most urgent are among those that are looked at.
    assert_eq!((named, &queue["others"]), (199, &json!(CALLERS - 198)));
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_and_how_slots_come_back_are_told_in_milliseconds_from_now() {
    let limiter = Limiter::new(Quota::new(3, Duration::from_secs(1)).unwrap());
    let dashboard = Dashboard::builder().limiter(limiter.clone()).build();
    let budget = json(&dashboard, "/_/state").await["budget"].take();
    assert_eq!(budget["forecast"], json!([[1, 0], [2, 0], [3, 0]]));
    assert_eq!(
        (&budget["free"], &budget["paused"]),
        (&json!(3), &Value::Null)
    );

    let flight = limiter.acquire().await.unwrap().dispatch();
    flight.settle_parts(StatusCode::TOO_MANY_REQUESTS, &http::HeaderMap::new());
    advance(Duration::from_secs(4)).await;
    let budget = json(&dashboard, "/_/state").await["budget"].take();
    assert_eq!(budget["paused"], 6_500);
    assert_eq!(budget["forecast"][0], json!([1, 6_500]));
    assert_eq!(
        (&budget["throttled"], &budget["cooldowns"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_rotation_shows_and_no_token_does() {
    let handle = TokenHandle::new(Token::parse("cfc_first123").unwrap());
    let dashboard = Dashboard::builder()
        .token(TokenProvider::from(handle.clone()))
        .build();
    let before = json(&dashboard, "/_/state").await["token"].take();
    let ends = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    handle.rotate(Token::parse("cfc_second456").unwrap().with_expiry(ends));
    let after = json(&dashboard, "/_/state").await["token"].take();
    assert_eq!(
        (&before["generation"], &after["generation"]),
        (&json!(1), &json!(2))
    );
    assert_ne!(before["fingerprint"], after["fingerprint"]);
    let ends = json!(4_000_000_000_000_u64);
    assert_eq!(
        (&before["expires_at"], &after["expires_at"]),
        (&Value::Null, &ends)
    );
    let all = text(get(&dashboard, "/_/state").await).await;
    assert!(
        !all.contains("first123") && !all.contains("second456"),
        "{all}"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_of_the_last_ten_minutes_are_told_by_the_second() {
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder().recorder(&recorder).build();
    let ended = |code| {
        let status = StatusCode::from_u16(code).unwrap();
        FinishedCall::new(Outcome::Status(status)).with_caller("ada")
    };
    recorder.record(ended(200));
    advance(Duration::from_secs(700)).await;
    recorder.record(ended(429));
    recorder.record(ended(304));
    advance(Duration::from_secs(2)).await;
    recorder.record(ended(502));
    let calls = json(&dashboard, "/_/state").await["calls"].take();
    assert_eq!(calls["totals"], json!([2, 0, 1, 1, 0, 0]));
    assert_eq!(calls["first_second"], 103);
    let seconds = calls["seconds"].as_array().unwrap();
    assert_eq!(seconds.len(), 600);
    assert_eq!(seconds[597], json!([1, 0, 1, 0, 0, 0]));
    assert_eq!(seconds[599], json!([0, 0, 0, 1, 0, 0]));
    assert_eq!(calls["callers"], json!([["ada", 4, 1]]));
}

#[tokio::test]
async fn what_is_not_watched_is_left_out() {
    let dashboard = Dashboard::builder().build();
    let state = json(&dashboard, "/_/state").await;
    for part in ["budget", "queue", "token", "calls"] {
        assert_eq!(state[part], Value::Null);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_budget_shows_who_shares_it_and_no_forecast() {
    let builder = Limiter::builder(Quota::COMFYCONTROL);
    let (limiter, keeper) = builder.build_shared(MemoryStore::new());
    tokio::spawn(keeper);
    let _in_flight = limiter.acquire().await.unwrap().dispatch();
    sleep(Duration::from_millis(100)).await;
    let dashboard = Dashboard::builder().limiter(limiter).build();
    let budget = json(&dashboard, "/_/state").await["budget"].take();
    assert_eq!(budget["forecast"], json!([]));
    let fleet = &budget["fleet"];
    assert_eq!(
        (&fleet["members"], &fleet["in_flight"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&fleet["away"], &fleet["is_rejecting"]),
        (&Value::Null, &json!(false))
    );
    let metrics = text(get(&dashboard, "/_/metrics").await).await;
    for line in [
        "comfycontrol_rate_limit_store_up 1",
        "comfycontrol_rate_limit_members 1",
    ] {
        assert!(
            metrics.lines().any(|it| it == line),
            "no {line} in\n{metrics}"
        );
    }
}
