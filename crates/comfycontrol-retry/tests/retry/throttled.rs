//! How long a 429 holds a request back.

use std::collections::HashSet;
use std::time::Duration;

use comfycontrol_retry::{FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::{SECOND, now};
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};

use crate::script::{Failed, Script, get, millis, post};

#[tokio::test(start_paused = true)]
async fn behind_a_rate_limiter_that_one_is_asked_at_once() {
    for asked in [None, Some(SECOND), Some(30 * SECOND)] {
        let policy = RetryPolicy::new().behind_rate_limit();
        assert_eq!(wait(policy, asked).await, Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_throttled_for_longer_than_thirty_seconds_is_told_at_once() {
    let policy = RetryPolicy::new;
    for policy in [
        policy(),
        policy().cooldown(60 * SECOND),
        policy().behind_rate_limit(),
    ] {
        for asked in [30 * SECOND + millis(1), 3_600 * SECOND] {
            let failed = Failed::of(FailureKind::Throttled).asking(asked);
            let script = Script::always(failed);
            let began = now();
            let told = script.call(policy.clone(), get()).await.unwrap_err();
            assert_eq!((told, script.count()), (failed, 1));
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_told_of_no_rate_limiter_does_not_knock_at_a_throttling_server() {
    let usual = |asked| wait(RetryPolicy::new(), asked);
    is_backoff_after(10 * SECOND, usual(None).await);
    is_backoff_after(10 * SECOND, usual(Some(SECOND)).await);
    is_backoff_after(30 * SECOND, usual(Some(30 * SECOND)).await);
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_is_the_longer_of_what_is_set_and_what_is_asked_and_at_most_five_minutes() {
    for (set, asked, waited) in [
        (10, None, 10),
        (10, Some(3), 10),
        (10, Some(0), 10),
        (10, Some(29), 29),
        (0, None, 0),
        (300, None, 300),
        (301, None, 300),
        (600, Some(1), 300),
    ] {
        let policy = RetryPolicy::new().cooldown(Duration::from_secs(set));
        let waited = Duration::from_secs(waited);
        let asked = asked.map(Duration::from_secs);
        is_backoff_after(waited, wait(policy, asked).await);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_throttled_together_come_back_one_by_one_and_within_the_budget() {
    let script = Script::new(|n| (n < CALLS).then(|| Failed::of(FailureKind::Throttled)));
    let service = RetryLayer::new(RetryPolicy::new()).layer(script.clone());
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        calls.spawn(service.clone().oneshot(get()));
    }
    let outcomes = calls.join_all().await;
    let again = &script.sent()[CALLS..];
    // What the budget has for all retries.
    assert_eq!(again.len(), 10);
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 10);
    let instants = HashSet::<_>::from_iter(again);
    assert!(instants.len() > 5, "{instants:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_rate_limiter_paces_costs_no_budget() {
    let script = Script::new(|n| (n % 2 == 0).then(|| Failed::of(FailureKind::Throttled)));
    let policy = RetryPolicy::new().behind_rate_limit();
    let service = RetryLayer::new(policy).layer(script.clone());
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        calls.spawn(service.clone().oneshot(get()));
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_that_is_set_is_kept_behind_a_rate_limiter() {
    let before = RetryPolicy::new().cooldown(SECOND).behind_rate_limit();
    is_backoff_after(SECOND, wait(before, None).await);
    let after = RetryPolicy::new().behind_rate_limit().cooldown(SECOND);
    is_backoff_after(SECOND, wait(after, None).await);
}

#[tokio::test(start_paused = true)]
async fn each_429_holds_its_request_back_anew() {
    let failed = Failed::of(FailureKind::Throttled);
    let script = Script::then_success([failed.asking(SECOND), failed, failed.asking(5 * SECOND)]);
    let policy = RetryPolicy::new().cooldown(2 * SECOND);
    script.call(policy, post()).await.unwrap();
    let waits = script.waits();
    assert_eq!(waits.len(), 3);
    for (n, least) in [2, 2, 5].into_iter().enumerate() {
        let wait = waits[n].checked_sub(least * SECOND).unwrap();
        assert!(wait >= millis(200 << n) && wait <= millis((400 << n) + 1));
    }
}

// === support ===

const CALLS: usize = 200;

/// The first backoff, and the step of the timer.
#[track_caller]
fn is_backoff_after(least: Duration, wait: Duration) {
    let backoff = wait.checked_sub(least).unwrap();
    assert!(backoff >= millis(200) && backoff <= millis(401), "{wait:?}");
}

/// How long a request waits after one 429.
async fn wait(policy: RetryPolicy, asked: Option<Duration>) -> Duration {
    let class = FailureKind::Throttled;
    let script = Script::then_success([Failed { class, asked }]);
    script.call(policy, post()).await.unwrap();
    script.waits()[0]
}
