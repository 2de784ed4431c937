//! Whatever a throttled response says of `Retry-After` and `Date`, it closes the gate for that
//! long, no less than the cooldown and no more than its cap.
//!
//! An input is the value of `Date` (an empty line means none), then one `Retry-After` a line.

#![cfg_attr(fuzzing, no_main)]

use std::time::Duration;

use comfycontrol_core::retry_after;
use comfycontrol_fuzz::{block_on, fuzz_target};
use comfycontrol_rate_limit::{Limiter, Quota};
use http::StatusCode;
use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|b| *b == b'\n');
    let date = lines.next().filter(|line| !line.is_empty());
    let waits: Vec<&[u8]> = lines.collect();
    let Some(headers) = headers(date, &waits) else {
        return;
    };

    check_pause(retry_after(&headers), &headers);
});

const COOLDOWN: Duration = Duration::from_secs(10);
const MARGIN: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(300);

fn check_pause(wait: Option<Duration>, headers: &HeaderMap) {
    block_on(async {
        let limiter = Limiter::builder(Quota::COMFYCONTROL)
            .cooldown(COOLDOWN)
            .cooldown_margin(MARGIN)
            .max_cooldown(CAP)
            .build();
        let permit = limiter.acquire().await.expect("the first one passes");
        let snapshot = limiter.snapshot();
        let now = snapshot.next_slot().expect("there are slots left");
        permit
            .dispatch()
            .settle_parts(StatusCode::TOO_MANY_REQUESTS, headers);

        let pause = wait.unwrap_or_default().clamp(COOLDOWN, CAP) + MARGIN;
        assert_eq!(limiter.snapshot().paused_until(), Some(now + pause));
    });
}

/// As they come off a connection, without white space around the values (RFC 9110, section 5.5).
fn headers(date: Option<&[u8]>, waits: &[&[u8]]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(date) = date {
        headers.insert(DATE, HeaderValue::from_bytes(date.trim_ascii()).ok()?);
    }
    for wait in waits {
        headers.append(
            RETRY_AFTER,
            HeaderValue::from_bytes(wait.trim_ascii()).ok()?,
        );
    }
    Some(headers)
}
