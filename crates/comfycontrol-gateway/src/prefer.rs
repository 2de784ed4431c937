//! How long a caller is willing to wait, in its own words.

use std::time::Duration;

use http::HeaderMap;

/// The `wait` preference of `Prefer` ([RFC 7240 §4.3]): how many seconds a caller is willing to
/// wait. The first one counts, and what cannot be read is no preference (§2).
///
/// [RFC 7240 §4.3]: https://www.rfc-editor.org/rfc/rfc7240#section-4.3
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(seconds)
        .map(Duration::from_secs)
}

fn seconds(preference: &str) -> Option<u64> {
    let preference = preference.split(';').next()?;
    let (name, value) = preference.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("wait") {
        return None;
    }
    let value = value.trim();
    let value = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    // More than can be said is longer than anything here lasts.
    (digits && !value.is_empty()).then(|| value.parse().unwrap_or(u64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", value.parse().expect("a value"));
        }
        wait(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_first_wait_that_can_be_read_counts() {
        assert_eq!(of(&["wait=10"]), Some(10));
        assert_eq!(of(&["respond-async, WAIT = \"5\"; x=1", "wait=9"]), Some(5));
        assert_eq!(
            of(&["wait", "wait=-1, wait=1.5, wait=\"\"", "wait=0"]),
            Some(0)
        );
        assert_eq!(of(&["await=3", "return=minimal"]), None);
        assert_eq!(
            of(&["wait=99999999999999999999"]),
            Some(u64::from(u32::MAX))
        );
        assert_eq!(of(&[]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn nothing_that_a_caller_says_is_trouble(value in "[ -~]{0,40}") {
            of(&[&value]);
        }
    }
}
