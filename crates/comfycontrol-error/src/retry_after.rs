//! Reads how long a reply asks its client to wait (RFC 9110 §10.2.3).

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

/// The longest wait that is believed: one day.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait the header asks for; the longest, if it comes several times.
///
/// A date counts from the reply's own `Date`: the local clock may be wrong. Without
/// a readable `Date` it says nothing. A date that has passed means now.
pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    let sent = || date(headers.get(DATE)?);
    let waits = headers.get_all(RETRY_AFTER).iter();
    waits
        .filter_map(|value| seconds(value.to_str().ok()?).or_else(|| until(date(value)?, sent()?)))
        .max()
}

/// `1*DIGIT` seconds: no sign, no fraction, capped.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_matches([' ', '\t']);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Only too many digits fail here, and they mean a long wait.
    Some(capped(digits.parse().unwrap_or(u64::MAX)))
}

fn capped(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(MAX_WAIT)
}

fn until(date: SystemTime, sent: SystemTime) -> Option<Duration> {
    Some(date.duration_since(sent).unwrap_or_default().min(MAX_WAIT))
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_three_forms_of_a_date_against_the_replys_own() {
        for date in [
            "Sun, 06 Nov 1994 08:49:47 GMT",
            "Sunday, 06-Nov-94 08:49:47 GMT",
            "Sun Nov  6 08:49:47 1994",
        ] {
            let reply = headers(&[(RETRY_AFTER, date), (DATE, "Sun, 06 Nov 1994 08:49:37 GMT")]);
            assert_eq!(
                from_headers(&reply),
                Some(Duration::from_secs(10)),
                "{date}"
            );
        }
    }

    #[test]
    fn white_space_round_a_date_is_no_part_of_it() {
        let reply = headers(&[
            (RETRY_AFTER, " Sun, 06 Nov 1994 08:49:47 GMT\t"),
            (DATE, "\tSun, 06 Nov 1994 08:49:37 GMT "),
        ]);
        assert_eq!(from_headers(&reply), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_date_that_has_passed_means_now() {
        let reply = headers(&[
            (RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT"),
            (DATE, "Sat, 01 Jan 2000 00:00:00 GMT"),
        ]);
        assert_eq!(from_headers(&reply), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_says_nothing_without_the_replys_own() {
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(from_headers(&headers(&[(RETRY_AFTER, date)])), None);
        let reply = headers(&[(RETRY_AFTER, date), (DATE, "yesterday")]);
        assert_eq!(from_headers(&reply), None);
    }

    #[test]
    fn ignores_what_the_grammar_does_not_know() {
        for garbage in [
            "", "soon", "-1", "+1", "1.5", "1e3", "1 2", "0x10", "1s", "٣",
        ] {
            assert_eq!(seconds(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn caps_what_nobody_would_wait_for() {
        assert_eq!(seconds("86401"), Some(MAX_WAIT));
        assert_eq!(seconds(&"9".repeat(100)), Some(MAX_WAIT));
        let reply = headers(&[
            (RETRY_AFTER, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (DATE, "Sat, 01 Jan 2000 00:00:00 GMT"),
        ]);
        assert_eq!(from_headers(&reply), Some(MAX_WAIT));
    }

    #[test]
    fn of_several_the_longest_counts() {
        let reply = headers(&[
            (RETRY_AFTER, "5"),
            (RETRY_AFTER, "soon"),
            (RETRY_AFTER, "7"),
        ]);
        assert_eq!(from_headers(&reply), Some(Duration::from_secs(7)));
    }

    proptest! {
        #[test]
        fn seconds_agree_with_the_naive_reading(text in "[ \t]?[0-9+. -]{0,25}[ \t]?") {
            let digits = text.trim();
            let naive = match digits.parse::<u128>() {
                Ok(seconds) if !digits.contains('+') => Some(seconds.min(86_400) as u64),
                _ => None,
            };
            prop_assert_eq!(seconds(&text), naive.map(Duration::from_secs));
        }

        #[test]
        fn any_header_is_read_or_ignored_within_the_cap(
            retry in proptest::collection::vec(any::<u8>(), 0..40),
            date in "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        ) {
            let mut reply = headers(&[(DATE, &date), (RETRY_AFTER, &date)]);
            if let Ok(value) = HeaderValue::from_bytes(&retry) {
                reply.append(RETRY_AFTER, value);
            }
            prop_assert!(from_headers(&reply).unwrap_or_default() <= MAX_WAIT);
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
