//! The page, as it is built into the program.

/// Its files, by the last part of their path.
pub(crate) fn file(path: &str) -> Option<(&'static str, &'static str)> {
    match path {
        "/" => Some(("text/html; charset=utf-8", include_str!("page/index.html"))),
        "/style.css" => Some(("text/css; charset=utf-8", include_str!("page/style.css"))),
        "/script.js" => Some((
            "text/javascript; charset=utf-8",
            include_str!("page/script.js"),
        )),
        "/chart.js" => Some((
            "text/javascript; charset=utf-8",
            include_str!("page/chart.js"),
        )),
        "/icon.svg" => Some(("image/svg+xml", include_str!("page/icon.svg"))),
        _ => None,
    }
}

/// What the page may load: its own files and its own events, and nothing from elsewhere.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";
