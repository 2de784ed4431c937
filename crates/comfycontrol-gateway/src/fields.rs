//! Tells callers what is left, in the fields of the IETF draft [RateLimit header fields for HTTP],
//! in force as its eleventh version.
//!
//! [RateLimit header fields for HTTP]: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/

use std::time::Duration;

use comfycontrol::rate_limit::Quota;
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{KeyRef, ListSerializer, StringRef};

use crate::refusal::seconds;

/// What is left at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    /// How many calls could leave at once.
    pub(crate) calls: u64,
    /// If none: until one could, as far as that is known.
    pub(crate) until_more: Option<Duration>,
}

/// Adds `RateLimit-Policy` and `RateLimit`. They are lists: what the API itself says of its own
/// policies stays as it is.
pub(crate) fn add(headers: &mut HeaderMap, quota: Quota, left: Left) {
    let policy = item(&[
        ("q", u64::from(quota.requests())),
        ("w", seconds(quota.per())),
    ]);
    let limit = match left.until_more.filter(|_| left.calls == 0) {
        Some(wait) => item(&[("r", 0), ("t", seconds(wait))]),
        None => item(&[("r", left.calls)]),
    };
    append(headers, POLICY, policy);
    append(headers, LIMIT, limit);
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.append(name, value);
    }
}

/// One member of such a list, by the name of the gateway's policy.
fn item(parameters: &[(&'static str, u64)]) -> Option<String> {
    let mut list = ListSerializer::new();
    let mut item = list.bare_item(StringRef::constant("gateway"));
    for (key, value) in parameters {
        let value = sfv::Integer::try_from(*value).ok()?;
        item = item.parameter(KeyRef::constant(key), value);
    }
    _ = item.finish();
    list.finish()
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

#[cfg(test)]
mod tests {
    use super::*;

    fn said(left: Left) -> HeaderMap {
        let mut headers = HeaderMap::new();
        add(&mut headers, Quota::COMFYCONTROL, left);
        headers
    }

    #[test]
    fn seconds_are_whole_and_rounded_up() {
        let until_more = Some(Duration::from_millis(3_001));
        let headers = said(Left {
            calls: 0,
            until_more,
        });
        assert_eq!(headers["ratelimit-policy"], "\"gateway\";q=40;w=10");
        assert_eq!(headers["ratelimit"], "\"gateway\";r=0;t=4");
        let headers = said(Left {
            calls: 7,
            until_more,
        });
        assert_eq!(headers["ratelimit"], "\"gateway\";r=7");
        let headers = said(Left {
            calls: 0,
            until_more: None,
        });
        assert_eq!(headers["ratelimit"], "\"gateway\";r=0");
    }

    #[test]
    fn what_the_api_says_of_itself_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(LIMIT, HeaderValue::from_static("\"default\";r=50;t=30"));
        add(
            &mut headers,
            Quota::COMFYCONTROL,
            Left {
                calls: 1,
                until_more: None,
            },
        );
        let all: Vec<_> = headers.get_all(LIMIT).iter().collect();
        assert_eq!(all, ["\"default\";r=50;t=30", "\"gateway\";r=1"]);
    }
}
