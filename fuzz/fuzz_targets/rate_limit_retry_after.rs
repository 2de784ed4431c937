//! Any `Retry-After` and any `Date` are survived: digits mean that many seconds, the error layer reads
//! the same, and a refusal closes the gate for that long, no less than its cooldown and no more than its cap.
//!
//! An input is the value of `Date` (an empty line means none), then one `Retry-After` a line.

#![cfg_attr(fuzzing, no_main)]

use std::time::Duration;

use bytes::Bytes;
use comfycontrol_error::ApiError;
use comfycontrol_fuzz::{block_on, fuzz_target};
use comfycontrol_rate_limit::{Limiter, Quota, retry_after};
use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|b| *b == b'\n');
    let date = lines.next().filter(|line| !line.is_empty());
    let waits: Vec<&[u8]> = lines.collect();
    let Some(headers) = headers(date, &waits) else {
        return;
    };

    let wait = retry_after(&headers);
    let digits = waits.iter().filter_map(|wait| naive_seconds(wait)).max();
    match date {
        None => assert_eq!(wait, digits),
        Some(_) => assert!(wait >= digits),
    }
    assert_eq!(
        wait.map(|wait| wait.min(DAY)),
        read_by_error_layer(&headers)
    );
    check_pause(wait, &headers);
});

const COOLDOWN: Duration = Duration::from_secs(10);
const MARGIN: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(300);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
        assert_eq!(limiter.snapshot().closed_until(), Some(now + pause));
    });
}

fn read_by_error_layer(headers: &HeaderMap) -> Option<Duration> {
    let mut response = Response::new(Bytes::new());
    *response.headers_mut() = headers.clone();
    ApiError::from_response(response).retry_after()
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

/// `1*DIGIT` (RFC 9110, section 10.2.3); as many as fit.
fn naive_seconds(value: &[u8]) -> Option<Duration> {
    let mut seconds = None;
    for b in value.trim_ascii() {
        let digit = char::from(*b).to_digit(10)?;
        let sum = 10 * u128::from(seconds.unwrap_or(0)) + u128::from(digit);
        seconds = Some(u64::try_from(sum).unwrap_or(u64::MAX));
    }
    seconds.map(Duration::from_secs)
}
