//! How long is waited before a request is sent again.

use std::collections::HashSet;
use std::time::Duration;

use comfycontrol_retry::{FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::SECOND;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};

use crate::script::{Failed, Script, get, millis, post};

#[tokio::test(start_paused = true)]
async fn backoff_is_doubled_up_to_ten_seconds_and_each_wait_up_to_doubled_by_chance() {
    for class in [FailureKind::MaybeApplied, FailureKind::NeverApplied] {
        let script = Script::always(Failed::of(class));
        let policy = RetryPolicy::new().max_retries(9);
        script.call(policy, get()).await.unwrap_err();
        let waits = script.waits();
        let shortest = [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000];
        assert_eq!(waits.len(), shortest.len());
        for (wait, shortest) in waits.into_iter().zip(shortest) {
            let longest = millis((2 * shortest).min(10_000));
            assert!(wait >= millis(shortest), "{wait:?}");
            assert!(wait <= longest + TICK, "{wait:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn backoff_comes_on_top_of_what_the_response_asks() {
    for asked in [millis(0), millis(1), 7 * SECOND, 30 * SECOND] {
        for class in [FailureKind::MaybeApplied, FailureKind::NeverApplied] {
            let script = Script::always(Failed::of(class).asking(asked));
            script.call(RetryPolicy::new(), get()).await.unwrap_err();
            let waits = script.waits();
            assert_eq!(waits.len(), 2, "{asked:?}");
            for (wait, shortest) in waits.into_iter().zip([millis(200), millis(400)]) {
                assert!(wait >= asked + shortest, "{wait:?}");
                assert!(wait <= asked + 2 * shortest + TICK, "{wait:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_to_wait_longer_than_thirty_seconds_is_told_at_once() {
    for asked in [30 * SECOND + millis(1), 31 * SECOND, 86_400 * SECOND] {
        let failed = Failed::of(FailureKind::NeverApplied).asking(asked);
        let script = Script::always(failed);
        let told = script.call(RetryPolicy::new(), get()).await.unwrap_err();
        assert_eq!((told, script.count()), (failed, 1));
        // It may be the second failure that asks.
        let first = Failed::of(FailureKind::NeverApplied);
        let script = Script::then_success([first, failed]);
        let told = script.call(RetryPolicy::new(), get()).await.unwrap_err();
        assert_eq!((told, script.count()), (failed, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_waited_for_where_there_is_another_token() {
    let failed = Failed::of(FailureKind::TokenReplaced).asking(60 * SECOND);
    let script = Script::then_success([failed]);
    script.call(RetryPolicy::new(), post()).await.unwrap();
    assert_eq!(script.waits(), [millis(0)]);
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_together_do_not_come_back_together() {
    let script = Script::new(|n| (n < CALLS).then(|| Failed::of(FailureKind::NeverApplied)));
    let layer = RetryLayer::new(RetryPolicy::new());
    let service = layer.layer(script.clone());
    let mut calls = JoinSet::new();
    for n in 0..CALLS {
        // Clones of one service, services of one layer, and of a clone of it.
        calls.spawn(match n % 3 {
            0 => service.clone().oneshot(get()),
            1 => layer.layer(script.clone()).oneshot(get()),
            _ => layer.clone().layer(script.clone()).oneshot(get()),
        });
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
    let sent = script.sent();
    let (first, again) = sent.split_at(CALLS);
    assert_eq!(HashSet::<_>::from_iter(first).len(), 1);
    let again = HashSet::<_>::from_iter(again);
    // Spread over 200 ms, nine of them hardly share four.
    assert!(again.len() > CALLS / 2, "{again:?}");
}

// === support ===

const CALLS: usize = 9;

/// The step of the timer.
const TICK: Duration = millis(1);
