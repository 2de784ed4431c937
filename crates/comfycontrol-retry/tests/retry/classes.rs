//! How often each class of failure is sent again, by method and by settings.

use comfycontrol_retry::{FailureKind, RetryPolicy};
use http::Method;

use crate::script::{Failed, Script, get, post, with};

#[tokio::test(start_paused = true)]
async fn each_class_is_sent_again_as_often_as_its_method_allows() {
    for (class, idempotent, other) in [
        (FailureKind::Permanent, 1, 1),
        (FailureKind::Rejected, 1, 1),
        (FailureKind::Throttled, 4, 4),
        (FailureKind::TokenReplaced, 4, 4),
        (FailureKind::MaybeApplied, 3, 1),
        (FailureKind::NeverApplied, 3, 3),
    ] {
        for (method, sends) in [
            (Method::GET, idempotent),
            (Method::HEAD, idempotent),
            (Method::OPTIONS, idempotent),
            (Method::TRACE, idempotent),
            (Method::PUT, idempotent),
            (Method::DELETE, idempotent),
            (Method::POST, other),
            (Method::PATCH, other),
            (Method::CONNECT, other),
            (Method::from_bytes(b"PURGE").unwrap(), other),
        ] {
            let script = Script::always(Failed::of(class));
            let failed = script.call(RetryPolicy::new(), with(method.clone())).await;
            assert_eq!(failed.unwrap_err().class, class);
            assert_eq!(script.count(), sends, "{method} {class:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_the_call() {
    let script = Script::then_success([]);
    script.call(RetryPolicy::new(), get()).await.unwrap();
    assert_eq!(script.count(), 1);
    let script = Script::then_success([UNAPPLIED, UNAPPLIED]);
    script.call(RetryPolicy::new(), post()).await.unwrap();
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_maximum_is_kept() {
    for max in 0..6 {
        let script = Script::always(UNAPPLIED);
        let policy = RetryPolicy::new().max_retries(max).max_throttled_retries(9);
        script.call(policy, post()).await.unwrap_err();
        assert_eq!(script.count() as u32, max + 1);

        let script = Script::always(THROTTLED);
        let policy = RetryPolicy::new().max_retries(9).max_throttled_retries(max);
        script.call(policy, post()).await.unwrap_err();
        assert_eq!(script.count() as u32, max + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_and_replaced_tokens_leave_the_retries_alone() {
    for (failures, sends) in [
        (
            vec![THROTTLED, UNAPPLIED, THROTTLED, UNAPPLIED, REPLACED],
            6,
        ),
        (
            vec![REPLACED, THROTTLED, THROTTLED, THROTTLED, UNAPPLIED],
            6,
        ),
        // The fourth 429, the third failure and the fourth replacement end it.
        (vec![THROTTLED, THROTTLED, THROTTLED, THROTTLED], 4),
        (
            vec![UNAPPLIED, REPLACED, UNAPPLIED, THROTTLED, UNAPPLIED],
            5,
        ),
        (vec![REPLACED, UNAPPLIED, REPLACED], 4),
        (vec![REPLACED, REPLACED, REPLACED, REPLACED], 4),
    ] {
        let script = Script::then_success(failures.clone());
        let outcome = script.call(RetryPolicy::new(), post()).await;
        assert_eq!(script.count(), sends, "{failures:?}");
        assert_eq!(outcome.is_ok(), sends > failures.len(), "{failures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_switched_off_is_not_sent_again() {
    let no_token = || RetryPolicy::new().without_token_retry();
    for (policy, failed, sends) in [
        (RetryPolicy::none(), UNAPPLIED, 1),
        (RetryPolicy::none(), THROTTLED, 1),
        (RetryPolicy::none(), REPLACED, 4),
        (RetryPolicy::none().without_token_retry(), REPLACED, 1),
        (no_token(), REPLACED, 1),
        (no_token(), UNAPPLIED, 3),
        (no_token(), THROTTLED, 4),
    ] {
        let script = Script::always(failed);
        script.call(policy.clone(), get()).await.unwrap_err();
        assert_eq!(script.count(), sends, "{policy:?} {failed:?}");
    }
}

// === support ===

const REPLACED: Failed = Failed {
    class: FailureKind::TokenReplaced,
    asked: None,
};
const THROTTLED: Failed = Failed {
    class: FailureKind::Throttled,
    asked: None,
};
const UNAPPLIED: Failed = Failed {
    class: FailureKind::NeverApplied,
    asked: None,
};
