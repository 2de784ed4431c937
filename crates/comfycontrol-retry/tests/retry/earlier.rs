//! What the error of a call knows of the attempts before the last.

use std::mem;
use std::time::Duration;

use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::SECOND;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};

use crate::script::{Script, get};

#[tokio::test(start_paused = true)]
async fn the_last_failure_follows_those_before_it() {
    let script = Script::new(|n| Some(Told::new(["a", "b", "c", "d"][n])));
    let told = script.call(RetryPolicy::new(), get()).await.unwrap_err();
    assert_eq!(told.says, "c after b after a");
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_which_nothing_is_kept_is_forgotten() {
    let script = Script::new(|n| {
        Some(match n {
            0 => Told::new("a"),
            1 => Told {
                kept: false,
                ..Told::new("b")
            },
            _ => Told::new("c"),
        })
    });
    let told = script.call(RetryPolicy::new(), get()).await.unwrap_err();
    assert_eq!(told.says, "c");
}

#[tokio::test(start_paused = true)]
async fn the_error_of_the_call_is_whole() {
    // Given up for each reason there is.
    for (class, asked, policy) in [
        (FailureKind::Permanent, None, RetryPolicy::new()),
        (
            FailureKind::NeverApplied,
            Some(60 * SECOND),
            RetryPolicy::new(),
        ),
        (FailureKind::NeverApplied, None, RetryPolicy::none()),
    ] {
        let script = Script::new(move |_| {
            Some(Told {
                class,
                asked,
                ..Told::new("whole")
            })
        });
        let told = script.call(policy, get()).await.unwrap_err();
        assert_eq!(told.says, "whole");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_failure_takes_over_does_not_decide_whether_it_is_sent_again() {
    // A limiter's no turns into the failure that made the retry necessary, as it does in a client.
    let script = Script::new(|n| {
        Some(match n {
            0 => Told::new("failed"),
            _ => Told {
                class: FailureKind::Rejected,
                ..Told::new("rejected")
            },
        })
    });
    let told = script.call(RetryPolicy::new(), get()).await.unwrap_err();
    assert_eq!(
        (&*told.says, told.class),
        ("failed", FailureKind::MaybeApplied)
    );
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_do_not_hear_of_each_other() {
    let service = RetryLayer::new(RetryPolicy::new().max_retries(1))
        .layer(Script::new(|n| Some(Told::new(["a", "b"][n / 2]))));
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        calls.spawn(service.clone().oneshot(get()));
    }
    for outcome in calls.join_all().await {
        assert_eq!(outcome.unwrap_err().says, "b after a");
    }
    // A success before it leaves nothing behind.
    let script = Script::new(|n| (n != 1).then(|| Told::new(["a", "", "c", "d"][n])));
    let mut service = RetryLayer::new(RetryPolicy::new().max_retries(1)).layer(script);
    (&mut service).oneshot(get()).await.unwrap();
    let told = (&mut service).oneshot(get()).await.unwrap_err();
    assert_eq!(told.says, "d after c");
}

// === support ===

/// A failure that can be followed by another.
#[derive(Debug)]
struct Told {
    says: String,
    class: FailureKind,
    asked: Option<Duration>,
    kept: bool,
}

impl Told {
    fn new(says: &str) -> Self {
        Self {
            says: says.to_owned(),
            class: FailureKind::MaybeApplied,
            asked: None,
            kept: true,
        }
    }
}

impl Failure for Told {
    fn failure_kind(&self) -> FailureKind {
        self.class
    }

    fn retry_after(&self) -> Option<Duration> {
        self.asked
    }

    fn take_for_later(&mut self) -> Option<Self> {
        let taken = mem::replace(self, Self::new("taken out"));
        taken.kept.then_some(taken)
    }

    fn follow(&mut self, earlier: Self) {
        if self.class == FailureKind::Rejected {
            *self = earlier;
        } else {
            self.says = format!("{} after {}", self.says, earlier.says);
        }
    }
}
