//! How long a 429 holds a request back.

use std::time::Duration;

use comfycontrol_retry::{FailureKind, RetryPolicy};
use comfycontrol_test::SECOND;

use crate::script::{Failed, Script, post};

#[tokio::test(start_paused = true)]
async fn behind_a_rate_limiter_that_one_is_asked_at_once() {
    for asked in [None, Some(SECOND), Some(3_600 * SECOND)] {
        let policy = RetryPolicy::new().behind_rate_limit();
        assert_eq!(wait(policy, asked).await, Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_told_of_no_rate_limiter_does_not_knock_at_a_throttling_server() {
    let usual = |asked| wait(RetryPolicy::new(), asked);
    assert_eq!(usual(None).await, 10 * SECOND);
    assert_eq!(usual(Some(SECOND)).await, 10 * SECOND);
    assert_eq!(usual(Some(31 * SECOND)).await, 31 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_is_the_longer_of_what_is_set_and_what_is_asked_and_at_most_five_minutes() {
    for (set, asked, waited) in [
        (10, None, 10),
        (10, Some(3), 10),
        (10, Some(0), 10),
        (10, Some(31), 31),
        (10, Some(299), 299),
        (10, Some(300), 300),
        (10, Some(301), 300),
        (10, Some(86_400), 300),
        (0, None, 0),
        (300, None, 300),
        (301, None, 300),
        (600, Some(1), 300),
    ] {
        let policy = RetryPolicy::new().cooldown(Duration::from_secs(set));
        let waited = Duration::from_secs(waited);
        let asked = asked.map(Duration::from_secs);
        assert_eq!(wait(policy, asked).await, waited, "{set} {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_that_is_set_is_kept_behind_a_rate_limiter() {
    let before = RetryPolicy::new().cooldown(SECOND).behind_rate_limit();
    assert_eq!(wait(before, None).await, SECOND);
    let after = RetryPolicy::new().behind_rate_limit().cooldown(SECOND);
    assert_eq!(wait(after, None).await, SECOND);
}

#[tokio::test(start_paused = true)]
async fn each_429_holds_its_request_back_anew() {
    let failed = Failed::of(FailureKind::Throttled);
    let script = Script::then_success([failed.asking(SECOND), failed, failed.asking(5 * SECOND)]);
    let policy = RetryPolicy::new().cooldown(2 * SECOND);
    script.call(policy, post()).await.unwrap();
    assert_eq!(script.waits(), [2 * SECOND, 2 * SECOND, 5 * SECOND]);
}

// === support ===

/// How long a request waits after one 429.
async fn wait(policy: RetryPolicy, asked: Option<Duration>) -> Duration {
    let class = FailureKind::Throttled;
    let script = Script::then_success([Failed { class, asked }]);
    script.call(policy, post()).await.unwrap();
    script.waits()[0]
}
