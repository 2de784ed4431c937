use std::borrow::Cow;

use comfycontrol_core::mask_secrets;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

use super::hop::remove_hop_by_hop;

/// Takes out of a response's headers what is not for the caller: what concerns the connection to
/// the API, what would have a browser change how it treats the gateway's own address, and what says
/// a token back.
pub(crate) fn keep_for_caller(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    let ends: Vec<_> = headers
        .iter()
        .filter(|(name, value)| {
            let name = name.as_str();
            HERE.contains(&name) || name.starts_with(CORS) || shows_secret(value)
        })
        .map(|(name, _)| name.clone())
        .collect();
    for name in ends {
        headers.remove(name);
    }
}

/// Whether a body is in a coding, and so is not what it says (RFC 9110 §8.4).
pub(crate) fn has_coding(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CONTENT_ENCODING).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Takes out what describes a body, since another one follows.
pub(crate) fn describe_anew(headers: &mut HeaderMap) {
    for name in OF_A_BODY {
        headers.remove(name);
    }
}

fn shows_secret(value: &HeaderValue) -> bool {
    let text = String::from_utf8_lossy(value.as_bytes());
    matches!(mask_secrets(&text), Cow::Owned(_))
}

/// Pages of other origins are not to read what is behind the gateway.
const CORS: &str = "access-control-";

const HERE: [&str; 9] = [
    "alt-svc",
    "clear-site-data",
    "nel",
    "origin-agent-cluster",
    "public-key-pins",
    "report-to",
    "reporting-endpoints",
    "set-cookie",
    "strict-transport-security",
];

/// RFC 9110 §8 and §14.4, RFC 1864, RFC 3230, RFC 6266, RFC 9421 and RFC 9530.
const OF_A_BODY: [&str; 16] = [
    "accept-ranges",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "etag",
    "last-modified",
    "repr-digest",
    "signature",
    "signature-input",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_callers_when_to_come_back_and_whom_to_quote_passes() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("cf-ray", "8f2d1c0b5a7e9d31-FRA"),
            ("connection", "close, x-hop"),
            ("content-length", "5"),
            ("etag", "\"v1\""),
            ("retry-after", "7"),
            ("set-cookie", "__cf_bm=1"),
            ("strict-transport-security", "max-age=1"),
            ("transfer-encoding", "chunked"),
            ("x-echo", "Bearer cfc_FAKE0secret0of0the0gateway"),
            ("x-hop", "1"),
            ("x-request-id", "abc"),
        ] {
            headers.append(name, value.parse().expect("a value"));
        }
        keep_for_caller(&mut headers);
        let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = [
            "cf-ray",
            "content-length",
            "etag",
            "retry-after",
            "x-request-id",
        ];
        assert_eq!(names, expected);
    }
}
