//! A wait that the call's deadline leaves no time for is not begun.

use std::time::Duration;

use comfycontrol_core::Deadline;
use comfycontrol_retry::{FailureKind, RetryPolicy};
use comfycontrol_test::{SECOND, now};
use http::Request;

use crate::script::{Failed, Script, get, millis};

#[tokio::test(start_paused = true)]
async fn a_cooldown_that_ends_with_the_deadline_or_later_is_not_begun() {
    let policy = || RetryPolicy::new().cooldown(10 * SECOND);
    // And the first backoff takes 0.2 s to 0.4 s.
    for (deadline, sends) in [(0, 1), (10_000, 1), (10_200, 1), (10_402, 2), (60_000, 2)] {
        let script = Script::then_success([Failed::of(FailureKind::Throttled)]);
        let began = now();
        let outcome = script.call(policy(), due_in(millis(deadline))).await;
        assert_eq!(script.count(), sends, "{deadline}");
        assert_eq!(outcome.is_ok(), sends == 2);
        // A caller that is told, is told at once.
        assert_eq!(began.elapsed().as_secs(), (sends as u64 - 1) * 10);
    }
}

#[tokio::test(start_paused = true)]
async fn backoff_and_what_the_response_asks_count_together() {
    let failed = Failed::of(FailureKind::NeverApplied);
    for (asked, deadline, sends) in [
        // The first backoff takes 0.2 s to 0.4 s, the second 0.4 s to 0.8 s.
        (0, 200, 1),
        (0, 402, 2),
        (0, 1_203, 3),
        (7_000, 7_200, 1),
        (7_000, 7_402, 2),
        (7_000, 15_203, 3),
    ] {
        let script = Script::always(failed.asking(millis(asked)));
        let began = now();
        let due = due_in(millis(deadline));
        script.call(RetryPolicy::new(), due).await.unwrap_err();
        assert_eq!(script.count(), sends, "{asked} {deadline}");
        assert!(began.elapsed() < millis(deadline));
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_that_of_the_whole_call() {
    let script = Script::always(Failed::of(FailureKind::Throttled));
    let policy = RetryPolicy::new().cooldown(10 * SECOND);
    script.call(policy, due_in(25 * SECOND)).await.unwrap_err();
    assert_eq!(script.waits().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_nothing_is_sent_again_before_the_deadline() {
    for class in [FailureKind::Throttled, FailureKind::TokenReplaced] {
        let script = Script::then_success([Failed::of(class)]);
        script
            .call(RetryPolicy::new().behind_rate_limit(), due_in(millis(1)))
            .await
            .unwrap();
        assert_eq!(script.count(), 2);
    }
}

// === support ===

fn due_in(time: Duration) -> Request<()> {
    let mut request = get();
    request.extensions_mut().insert(Deadline(now() + time));
    request
}
