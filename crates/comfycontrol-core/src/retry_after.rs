use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

/// The longest wait that is believed: one day.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads how long a response asks its client to wait: its `Retry-After` (RFC 9110 §10.2.3).
///
/// The value is a number of seconds, digits only, or an HTTP-date. A date is measured against the
/// response's own `Date`, so that the local clock does not matter; without a readable `Date` it
/// says nothing, and one that has passed means now. The longest of several counts, and none is
/// taken for longer than [one day](MAX_RETRY_AFTER). `None` when the response names no wait.
///
/// ```
/// use comfycontrol_core::retry_after;
/// use http::{HeaderMap, header::RETRY_AFTER};
/// use std::time::Duration;
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(retry_after(&headers), None);
///
/// headers.insert(RETRY_AFTER, "30".parse()?);
/// assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let waits = headers.get_all(RETRY_AFTER).iter();
    waits
        .filter_map(|value| {
            delay_seconds(value.to_str().ok()?).or_else(|| until(date(value)?, sent_at(headers)?))
        })
        .max()
}

/// Reads when a response was sent, by its server's clock: its `Date` (RFC 9110 §6.6.1). `None` when
/// it does not say, or not so that it can be read.
///
/// ```
/// use comfycontrol_core::sent_at;
/// use http::{HeaderMap, header::DATE};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(sent_at(&headers), None);
/// headers.insert(DATE, "Sun, 06 Nov 1994 08:49:47 GMT".parse()?);
/// assert!(sent_at(&headers).is_some());
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[must_use]
pub fn sent_at(headers: &HeaderMap) -> Option<SystemTime> {
    date(headers.get(DATE)?)
}

/// Reads `delay-seconds` (RFC 9110 §10.2.3): digits, no sign, no fraction, at most
/// [one day](MAX_RETRY_AFTER).
///
/// ```
/// use comfycontrol_core::{MAX_RETRY_AFTER, delay_seconds};
///
/// assert_eq!(delay_seconds("99999999999999999999"), Some(MAX_RETRY_AFTER));
/// assert_eq!(delay_seconds("1.5"), None);
/// ```
#[must_use]
pub fn delay_seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_matches([' ', '\t']);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Only too many digits fail here, and they mean a long wait.
    Some(capped(digits.parse().unwrap_or(u64::MAX)))
}

fn capped(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(MAX_RETRY_AFTER)
}

fn until(date: SystemTime, sent: SystemTime) -> Option<Duration> {
    let wait = date.duration_since(sent).unwrap_or_default();
    Some(wait.min(MAX_RETRY_AFTER))
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_three_forms_of_a_date_against_the_responses_own() {
        for date in [
            "Sun, 06 Nov 1994 08:49:47 GMT",
            "Sunday, 06-Nov-94 08:49:47 GMT",
            "Sun Nov  6 08:49:47 1994",
        ] {
            let response = headers(&[(RETRY_AFTER, date), (DATE, "Sun, 06 Nov 1994 08:49:37 GMT")]);
            assert_eq!(
                retry_after(&response),
                Some(Duration::from_secs(10)),
                "{date}"
            );
        }
    }

    #[test]
    fn white_space_round_a_date_is_no_part_of_it() {
        let response = headers(&[
            (RETRY_AFTER, " Sun, 06 Nov 1994 08:49:47 GMT\t"),
            (DATE, "\tSun, 06 Nov 1994 08:49:37 GMT "),
        ]);
        assert_eq!(retry_after(&response), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_date_that_has_passed_means_now() {
        let response = headers(&[
            (RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT"),
            (DATE, "Sat, 01 Jan 2000 00:00:00 GMT"),
        ]);
        assert_eq!(retry_after(&response), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_says_nothing_without_the_responses_own() {
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, date)])), None);
        let response = headers(&[(RETRY_AFTER, date), (DATE, "yesterday")]);
        assert_eq!(retry_after(&response), None);
    }

    #[test]
    fn ignores_what_the_grammar_does_not_know() {
        for garbage in [
            "", "soon", "-1", "+1", "1.5", "1e3", "1 2", "0x10", "1s", "٣",
        ] {
            assert_eq!(delay_seconds(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn caps_what_nobody_would_wait_for() {
        assert_eq!(MAX_RETRY_AFTER.as_secs(), 86_400);
        assert_eq!(delay_seconds("86401"), Some(MAX_RETRY_AFTER));
        assert_eq!(delay_seconds(&"9".repeat(100)), Some(MAX_RETRY_AFTER));
        let response = headers(&[
            (RETRY_AFTER, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (DATE, "Sat, 01 Jan 2000 00:00:00 GMT"),
        ]);
        assert_eq!(retry_after(&response), Some(MAX_RETRY_AFTER));
    }

    #[test]
    fn of_several_the_longest_counts() {
        let response = headers(&[
            (RETRY_AFTER, "5"),
            (RETRY_AFTER, "soon"),
            (RETRY_AFTER, "7"),
        ]);
        assert_eq!(retry_after(&response), Some(Duration::from_secs(7)));
    }

    #[test]
    fn white_space_round_digits_is_no_part_of_them() {
        let response = headers(&[(RETRY_AFTER, "\t10 ")]);
        assert_eq!(retry_after(&response), Some(Duration::from_secs(10)));
    }

    proptest! {
        #[test]
        fn seconds_agree_with_the_naive_reading(text in "[ \t]?[0-9+. -]{0,25}[ \t]?") {
            let digits = text.trim();
            let naive = match digits.parse::<u128>() {
                Ok(seconds) if !digits.contains('+') => Some(seconds.min(86_400) as u64),
                _ => None,
            };
            prop_assert_eq!(delay_seconds(&text), naive.map(Duration::from_secs));
        }

        #[test]
        fn any_header_is_read_or_ignored_within_the_cap(
            retry in proptest::collection::vec(any::<u8>(), 0..40),
            date in "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        ) {
            let mut response = headers(&[(DATE, &date), (RETRY_AFTER, &date)]);
            if let Ok(value) = HeaderValue::from_bytes(&retry) {
                response.append(RETRY_AFTER, value);
            }
            prop_assert!(retry_after(&response).unwrap_or_default() <= MAX_RETRY_AFTER);
        }
    }

    // === support ===

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }
}
