//! The budget that keeps retries a fraction of the calls.

use comfycontrol_core::Deadline;
use comfycontrol_retry::{FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::{SECOND, now};
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};

use crate::script::{Failed, Script, get, millis};

/// One a second, saved up for 10 s.
const RESERVE: usize = 10;

#[tokio::test(start_paused = true)]
async fn ten_of_many_calls_that_fail_together_are_retried() {
    let layer = once_more();
    assert_eq!(
        retries(&layer, FailureKind::NeverApplied, 50).await,
        RESERVE
    );
    assert_eq!(retries(&layer, FailureKind::MaybeApplied, 50).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_fifth_of_the_calls_that_succeed_is_retried_besides() {
    let layer = once_more();
    succeed(&layer, 50).await;
    let retried = retries(&layer, FailureKind::NeverApplied, 50).await;
    assert_eq!(retried, RESERVE + 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_spent_comes_back_and_what_is_earned_is_lost_after_ten_seconds() {
    let layer = once_more();
    assert_eq!(
        retries(&layer, FailureKind::NeverApplied, 50).await,
        RESERVE
    );
    tokio::time::advance(12 * SECOND).await;
    assert_eq!(
        retries(&layer, FailureKind::NeverApplied, 50).await,
        RESERVE
    );
    tokio::time::advance(12 * SECOND).await;
    succeed(&layer, 50).await;
    tokio::time::advance(12 * SECOND).await;
    assert_eq!(
        retries(&layer, FailureKind::NeverApplied, 50).await,
        RESERVE
    );
}

#[tokio::test(start_paused = true)]
async fn clones_share_it_and_two_policies_do_not() {
    let policy = RetryPolicy::new().max_retries(1);
    let first = RetryLayer::new(policy.clone());
    assert_eq!(
        retries(&first, FailureKind::NeverApplied, 20).await,
        RESERVE
    );
    let clones = [first.clone(), RetryLayer::new(policy.max_retries(2))];
    for clone in clones {
        assert_eq!(retries(&clone, FailureKind::NeverApplied, 20).await, 0);
    }
    let other = once_more();
    assert_eq!(
        retries(&other, FailureKind::NeverApplied, 20).await,
        RESERVE
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_that_a_rate_limiter_holds_back_and_a_replaced_token_cost_nothing() {
    let layer = RetryLayer::new(once_more().policy().clone().behind_rate_limit());
    retries(&layer, FailureKind::NeverApplied, 20).await;
    assert_eq!(retries(&layer, FailureKind::Throttled, 20).await, 3 * 20);
    assert_eq!(
        retries(&layer, FailureKind::TokenReplaced, 20).await,
        3 * 20
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_not_begun_costs_nothing() {
    let layer = once_more();
    let failed = Failed::of(FailureKind::NeverApplied);
    for _ in 0..20 {
        for failed in [failed, failed.asking(60 * SECOND)] {
            let script = Script::always(failed);
            let mut request = get();
            request.extensions_mut().insert(Deadline(now() + millis(1)));
            let service = layer.layer(script.clone());
            service.oneshot(request).await.unwrap_err();
            assert_eq!(script.count(), 1);
        }
    }
    assert_eq!(
        retries(&layer, FailureKind::NeverApplied, 20).await,
        RESERVE
    );
}

// === support ===

fn once_more() -> RetryLayer<Failed> {
    RetryLayer::new(RetryPolicy::new().max_retries(1))
}

/// How many of the requests are sent again, of so many calls at once that always fail.
async fn retries(layer: &RetryLayer<Failed>, class: FailureKind, calls: usize) -> usize {
    let script = Script::always(Failed::of(class));
    call(layer, &script, calls).await;
    script.count() - calls
}

async fn succeed(layer: &RetryLayer<Failed>, calls: usize) {
    call(layer, &Script::then_success([]), calls).await;
}

async fn call(layer: &RetryLayer<Failed>, script: &Script, calls: usize) {
    let mut all = JoinSet::new();
    for _ in 0..calls {
        all.spawn(layer.layer(script.clone()).oneshot(get()));
    }
    all.join_all().await;
}
