use http::HeaderMap;

use super::hop::remove_hop_by_hop;

/// Takes out of a response's headers what is not for the caller: what concerns the connection to
/// the API, and what would have a browser change how it treats the gateway's own address.
pub(crate) fn keep_for_caller(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    let ends: Vec<_> = headers
        .keys()
        .filter(|name| HERE.contains(&name.as_str()) || name.as_str().starts_with(CORS))
        .cloned()
        .collect();
    for name in ends {
        headers.remove(name);
    }
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
