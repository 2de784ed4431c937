//! How long a reply asks for silence: the `Retry-After` header, read without a clock.
//!
//! RFC 9110, section 10.2.3: the value is either a number of seconds (digits only) or an HTTP-date.
//! A date is measured against the reply's own `Date`, so that neither host's clock matters; without
//! one, or with anything else in the field, the header says nothing.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderValue, RETRY_AFTER};

/// The wait that a reply with these headers asks for: the longest of several, `None` when it names none.
///
/// ```
/// use comfycontrol_rate_limit::retry_after;
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
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all(RETRY_AFTER)
        .iter()
        .filter_map(|value| seconds(value).or_else(|| until(value, headers.get(DATE)?)))
        .max()
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    let digits = value.as_bytes().trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = digits.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    Some(Duration::from_secs(seconds))
}

fn until(value: &HeaderValue, sent: &HeaderValue) -> Option<Duration> {
    let [until, sent] = [value, sent].map(|date| {
        let text = date.to_str().ok()?;
        httpdate::parse_http_date(text.trim()).ok()
    });
    // A date that has passed asks for no wait.
    Some(until?.duration_since(sent?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: &str = "Fri, 31 Dec 1999 23:59:29 GMT";

    fn read(values: &[&str], sent: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        }
        if let Some(sent) = sent {
            headers.insert(DATE, HeaderValue::from_str(sent).unwrap());
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn reads_every_form_a_server_may_send() {
        for (value, wait) in [
            ("0", Some(0)),
            ("10", Some(10)),
            (" 10\t", Some(10)),
            ("0010", Some(10)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Fri, 31 Dec 1999 23:59:59 GMT", Some(30)),
            ("Friday, 31-Dec-99 23:59:59 GMT", Some(30)),
            ("Fri Dec 31 23:59:59 1999", Some(30)),
            ("Fri, 31 Dec 1999 23:59:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("+5", None),
            ("1.5", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("10 s", None),
            ("0x10", None),
            ("soon", None),
            ("10, 20", None),
        ] {
            assert_eq!(read(&[value], Some(SENT)), wait, "{value:?}");
        }
    }

    #[test]
    fn a_date_without_the_replys_own_date_says_nothing() {
        let value = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(read(&[value], None), None);
        assert_eq!(read(&[value], Some("yesterday")), None);
    }

    #[test]
    fn the_longest_of_several_counts() {
        assert_eq!(read(&["5", "soon", "20", "7"], None), Some(20));
    }

    proptest! {
        /// Digits mean seconds; nothing else that is not a date means anything.
        #[test]
        fn agrees_with_the_standard_parser(value in "[ -~]{0,12}") {
            let plain = value.trim();
            let digits = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_digit());
            prop_assert_eq!(read(&[&value], None), digits.then(|| plain.parse().unwrap()));
        }
    }
}
