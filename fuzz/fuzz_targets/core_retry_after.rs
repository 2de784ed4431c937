//! Any `Retry-After` and any `Date` are survived: digits mean that many seconds, never more than a
//! day, and the error layer reads the same.
//!
//! An input is the value of `Date` (an empty line means none), then one `Retry-After` a line.

#![cfg_attr(fuzzing, no_main)]

use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::retry_after;
use comfycontrol_error::ApiError;
use comfycontrol_fuzz::fuzz_target;
use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

const DAY: u64 = 24 * 60 * 60;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|b| *b == b'\n');
    let date = lines.next().filter(|line| !line.is_empty());
    let waits: Vec<&[u8]> = lines.collect();
    let Some(headers) = headers(date, &waits) else {
        return;
    };

    let wait = retry_after(&headers);
    assert_eq!(read_by_error_layer(headers), wait);

    let digits = waits.iter().filter_map(|wait| naive_seconds(wait)).max();
    match date {
        None => assert_eq!(wait, digits),
        Some(_) => assert!(wait >= digits && wait <= Some(Duration::from_secs(DAY))),
    }
});

fn read_by_error_layer(headers: HeaderMap) -> Option<Duration> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    *response.headers_mut() = headers;
    ApiError::from_response(response).retry_after()
}

fn headers(date: Option<&[u8]>, waits: &[&[u8]]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(date) = date {
        headers.insert(DATE, HeaderValue::from_bytes(date).ok()?);
    }
    for wait in waits {
        headers.append(RETRY_AFTER, HeaderValue::from_bytes(wait).ok()?);
    }
    Some(headers)
}

/// `1*DIGIT` between spaces (RFC 9110, section 10.2.3), no more than a day.
fn naive_seconds(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    let mut seconds = None;
    for c in text.chars() {
        let sum = 10 * seconds.unwrap_or(0) + u64::from(c.to_digit(10)?);
        seconds = Some(sum.min(DAY));
    }
    seconds.map(Duration::from_secs)
}
