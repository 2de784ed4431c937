//! A naive model: which of a sequence of failures are sent again, and after which waits.

use std::ops::RangeInclusive;
use std::time::Duration;

use comfycontrol_retry::{FailureKind, RetryPolicy};
use comfycontrol_test::paused;
use proptest::prelude::*;

use crate::script::{Failed, Script, millis, with};

#[derive(Debug)]
struct Call {
    method: http::Method,
    max_retries: u32,
    max_throttled_retries: u32,
    cooldown: Option<Duration>,
    failures: Vec<Failed>,
}

/// The shortest and the longest wait before each time the request is sent again.
fn waits(call: &Call) -> Vec<RangeInclusive<Duration>> {
    let (mut backoffs, mut retries, mut throttled, mut replaced) = (0, 0, 0, 0);
    let mut backoff = |least: Duration| {
        let shortest = millis(200) * 2_u32.pow(backoffs);
        backoffs += 1;
        let longest = (2 * shortest).min(millis(10_000));
        least + shortest.min(millis(10_000))..=least + longest + millis(1)
    };
    let mut waits = Vec::new();
    for Failed { class, asked } in &call.failures {
        let safe = *class == FailureKind::NeverApplied
            || *class == FailureKind::MaybeApplied && call.method.is_idempotent();
        let told = *asked > Some(millis(30_000));
        waits.push(if *class == FailureKind::TokenReplaced && replaced < 3 {
            replaced += 1;
            Duration::ZERO..=Duration::ZERO
        } else if *class == FailureKind::Throttled
            && throttled < call.max_throttled_retries
            && !told
        {
            throttled += 1;
            match call.cooldown {
                None => Duration::ZERO..=Duration::ZERO,
                Some(set) => backoff(set.min(millis(300_000)).max(asked.unwrap_or_default())),
            }
        } else if safe && retries < call.max_retries && !told {
            retries += 1;
            backoff(asked.unwrap_or_default())
        } else {
            break;
        });
    }
    waits
}

proptest! {
    #[test]
    fn the_requests_of_a_call_are_those_of_the_naive_model(call in call()) {
        let script = Script::then_success(call.failures.clone());
        let outcome = paused().block_on(async {
            let mut policy = RetryPolicy::new().behind_rate_limit();
            if let Some(cooldown) = call.cooldown {
                policy = policy.cooldown(cooldown);
            }
            policy = policy.max_retries(call.max_retries).max_throttled_retries(call.max_throttled_retries);
            script.call(policy, with(call.method.clone())).await
        });
        let (expected, waited) = (waits(&call), script.waits());
        prop_assert_eq!(waited.len(), expected.len());
        for (waited, expected) in waited.iter().zip(&expected) {
            prop_assert!(expected.contains(waited), "{:?} is not in {:?}", waited, expected);
        }
        prop_assert_eq!(outcome.err(), call.failures.get(expected.len()).copied());
    }
}

// === support ===

fn call() -> impl Strategy<Value = Call> {
    let method = prop_oneof![Just(http::Method::PUT), Just(http::Method::POST)];
    let cooldown = proptest::option::of(wait());
    let failures = proptest::collection::vec(failed(), 0..9);
    (method, 0_u32..5, 0_u32..5, cooldown, failures).prop_map(
        |(method, max_retries, max_throttled_retries, cooldown, failures)| Call {
            method,
            max_retries,
            max_throttled_retries,
            cooldown,
            failures,
        },
    )
}

fn failed() -> impl Strategy<Value = Failed> {
    let class = proptest::sample::select(vec![
        FailureKind::Permanent,
        FailureKind::Rejected,
        FailureKind::Throttled,
        FailureKind::Throttled,
        FailureKind::TokenReplaced,
        FailureKind::MaybeApplied,
        FailureKind::MaybeApplied,
        FailureKind::NeverApplied,
        FailureKind::NeverApplied,
    ]);
    let asked = proptest::option::weighted(0.3, wait());
    (class, asked).prop_map(|(class, asked)| Failed { class, asked })
}

/// Around every bound.
fn wait() -> impl Strategy<Value = Duration> {
    let bounds = [
        0, 1, 1_000, 29_999, 30_000, 30_001, 299_999, 300_000, 300_001,
    ];
    proptest::sample::select(bounds.map(millis).to_vec())
}
