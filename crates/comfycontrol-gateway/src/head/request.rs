use http::header::{ACCEPT, ACCEPT_ENCODING, IF_RANGE, RANGE, VIA};
use http::{HeaderMap, HeaderValue, Version};

use super::hop::remove_hop_by_hop;

/// Takes out of a caller's headers what ends at the gateway, and adds what begins there.
///
/// A `Range` goes on with the `If-Range` that it came with, or not at all: without it two versions
/// of a file would be glued together ([RFC 9110 §14.2]).
///
/// [RFC 9110 §14.2]: https://www.rfc-editor.org/rfc/rfc9110#section-14.2
pub(crate) fn keep_for_api(headers: &mut HeaderMap, version: Version, also: Option<&str>) {
    let was_conditional = headers.contains_key(IF_RANGE);
    remove_hop_by_hop(headers);
    let ends: Vec<_> = headers
        .keys()
        .filter(|name| ends_here(name.as_str()) || Some(name.as_str()) == also)
        .cloned()
        .collect();
    for name in ends {
        headers.remove(name);
    }
    if was_conditional && !headers.contains_key(IF_RANGE) {
        headers.remove(RANGE);
    }
    // Who says nothing takes anything; the client would ask for JSON.
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    }
    // Events that wait in a compressor come late.
    if !headers.contains_key(ACCEPT_ENCODING) && asks_for_events(headers) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    headers.insert(VIA, HeaderValue::from_static(via(version)));
}

fn asks_for_events(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.windows(EVENTS.len()).any(|part| part == EVENTS)
    })
}

const EVENTS: &[u8] = b"text/event-stream";

/// A gateway names itself to the server ([RFC 9110 §7.6.3]).
///
/// [RFC 9110 §7.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3
fn via(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2 comfycontrol-gateway",
        Version::HTTP_10 => "1.0 comfycontrol-gateway",
        _ => "1.1 comfycontrol-gateway",
    }
}

/// What is between the caller and the gateway, or says where the caller is and what its browser
/// knows. The length is that of the body, once it has been read.
fn ends_here(name: &str) -> bool {
    HERE.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

const HERE: [&str; 18] = [
    "authorization",
    "cdn-loop",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "max-forwards",
    "origin",
    "prefer",
    "referer",
    "true-client-ip",
    "upgrade-insecure-requests",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
];

const PREFIXES: [&str; 6] = [
    "access-control-",
    "cf-",
    "proxy-",
    "sec-",
    "x-forwarded-",
    "x-original-",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(given: &[(&'static str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().expect("a value"));
        }
        keep_for_api(&mut headers, Version::HTTP_11, Some("x-caller"));
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.retain(|name| !["accept", "via"].contains(&name.as_str()));
        names.sort();
        names
    }

    #[test]
    fn what_connection_names_stops_and_so_does_what_a_caller_is_known_by() {
        let given = [
            ("accept", "application/json"),
            ("authorization", "Bearer cfc_callers"),
            ("connection", "close, X-Secret"),
            ("connection", "x-other ,keep-alive"),
            ("content-type", "application/json"),
            ("cookie", "session=1"),
            ("forwarded", "for=10.0.0.7"),
            ("host", "127.0.0.1:8099"),
            ("idempotency-key", "7"),
            ("keep-alive", "timeout=5"),
            ("x-caller", "ann"),
            ("x-forwarded-for", "10.0.0.7"),
            ("x-other", "2"),
            ("x-request-id", "abc"),
            ("x-secret", "1"),
        ];
        let expected = ["content-type", "idempotency-key", "x-request-id"];
        assert_eq!(kept(&given), expected);
    }

    #[test]
    fn a_range_goes_on_only_with_the_if_range_that_it_came_with() {
        let (range, if_range) = (("range", "bytes=5-"), ("if-range", "\"v1\""));
        assert_eq!(kept(&[range, if_range]), ["if-range", "range"]);
        assert_eq!(kept(&[range]), ["range"]);
        assert_eq!(
            kept(&[range, if_range, ("connection", "if-range")]),
            [""; 0]
        );
    }

    #[test]
    fn events_are_asked_for_uncompressed() {
        assert_eq!(
            kept(&[("accept", "Text/Event-Stream")]),
            ["accept-encoding"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn nothing_that_ends_here_goes_on_in_whatever_company(
            given in proptest::collection::vec((0..40_usize, "[ -~]{0,12}"), 0..20),
        ) {
            let names: Vec<&str> = HERE.into_iter()
                .chain(["connection", "te", "upgrade", "transfer-encoding", "keep-alive", "trailer"])
                .chain(["accept", "range", "if-range", "x-caller", "x-forwarded-host", "sec-fetch-site", "etag"])
                .collect();
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.append(names[name % names.len()], value.parse().expect("visible"));
            }
            let had_if_range = headers.contains_key(IF_RANGE);
            keep_for_api(&mut headers, Version::HTTP_11, Some("x-caller"));
            for name in headers.keys() {
                let name = name.as_str();
                prop_assert!(
                    ["accept", "accept-encoding", "etag", "if-range", "range", "via"].contains(&name),
                    "{name}"
                );
            }
            prop_assert!(!had_if_range || headers.contains_key(IF_RANGE) || !headers.contains_key(RANGE));
            prop_assert_eq!(headers.get_all(VIA).iter().count(), 1);
        }
    }
}
