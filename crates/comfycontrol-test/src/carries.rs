use http::{HeaderMap, Uri};

/// Whether a secret stands anywhere in the head of a request.
pub fn carries(secret: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut values = headers.values();
    let in_header = values.any(|value| String::from_utf8_lossy(value.as_bytes()).contains(secret));
    in_header || uri.to_string().contains(secret)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn it_is_found_in_headers_and_in_the_uri() {
        let found = |uri: &str, value: &str| {
            let request = Request::get(uri).header("x-any", value).body(()).unwrap();
            carries("secret", request.headers(), request.uri())
        };
        assert!(found("https://api.example/?key=a-secret", ""));
        assert!(found("https://api.example/", "Bearer secret"));
        assert!(!found("https://api.example/secre", "ecret"));
    }
}
