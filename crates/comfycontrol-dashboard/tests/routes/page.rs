//! The page itself.

use comfycontrol_dashboard::Dashboard;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{Method, StatusCode};

use crate::support::{get, send, text};

#[tokio::test]
async fn the_page_and_all_that_it_loads_come_from_the_program() {
    let dashboard = Dashboard::builder().build();
    let page = text(get(&dashboard, "/_/").await).await;
    let quoted = |attribute: &str| {
        let before = format!(" {attribute}=\"");
        let values = page
            .split(&before)
            .skip(1)
            .filter_map(|part| part.split('"').next());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let loaded = [quoted("src"), quoted("href")].concat();
    assert!(loaded.len() >= 5, "{loaded:?}");
    for path in loaded.iter().filter(|path| !path.starts_with('#')) {
        assert!(!path.contains([':', '/']), "{path} is elsewhere");
        let response = get(&dashboard, &format!("/_/{path}")).await;
        assert_ne!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let script = text(get(&dashboard, "/_/script.js").await).await;
    assert!(script.contains("from \"./chart.js\""));
    let script = get(&dashboard, "/_/chart.js").await;
    assert_eq!(
        script.headers()[CONTENT_TYPE],
        "text/javascript; charset=utf-8"
    );
}

#[tokio::test]
async fn the_page_needs_no_inline_script_or_style_and_may_load_nothing_from_elsewhere() {
    let dashboard = Dashboard::builder().build();
    for path in ["/_/", "/_/metrics", "/_/state", "/_/nothing", "/_/events"] {
        let response = get(&dashboard, path).await;
        let headers = response.headers();
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; "),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cache-control"], "no-store");
    }
    let page = text(get(&dashboard, "/_/").await).await;
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" on"));
    for script in page.split("<script").skip(1) {
        assert!(
            script.contains("></script>"),
            "a script is not in its own file"
        );
    }
}

#[tokio::test]
async fn only_get_and_head_are_served() {
    let dashboard = Dashboard::builder().build();
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ] {
        let response = send(&dashboard, method.clone(), "/_/ready").await;
        assert_eq!(
            response.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method}"
        );
        assert_eq!(response.headers()[ALLOW], "GET, HEAD");
        let response = send(&dashboard, method, "/_/nothing").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_head_says_how_long_the_page_is_and_has_none_of_it() {
    let dashboard = Dashboard::builder().build();
    for path in ["/_/", "/_/style.css", "/_/health"] {
        let whole = text(get(&dashboard, path).await).await;
        let head = send(&dashboard, Method::HEAD, path).await;
        let length = head.headers()[CONTENT_LENGTH].to_str().unwrap();
        assert_eq!(length, whole.len().to_string());
        assert_eq!(text(head).await, "");
    }
    // One that opened a stream would wait without end.
    let head = send(&dashboard, Method::HEAD, "/_/events").await;
    assert_eq!(head.headers()[CONTENT_TYPE], "text/event-stream");
    assert_eq!(text(head).await, "");
}

#[tokio::test]
async fn paths_that_only_look_alike_are_not_there() {
    let dashboard = Dashboard::builder().build();
    for path in [
        "/_/style.css/",
        "/_/a/metrics",
        "/_/../metrics",
        "/_/%6detrics",
    ] {
        let response = get(&dashboard, path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
