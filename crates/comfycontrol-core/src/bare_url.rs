/// Leaves out of a URL or a reference to one what may be a secret: user and password, query and
/// fragment.
///
/// It is still foreign text: show it as [`Escaped`](crate::Escaped).
///
/// ```
/// use comfycontrol_core::bare_url;
///
/// assert_eq!(bare_url("https://u:p@a.example:8188/x?sig=s#t"), "https://a.example:8188/x");
/// ```
#[must_use]
pub fn bare_url(reference: &str) -> String {
    let path = reference.split(['?', '#']).next().unwrap_or_default();
    let authority = match path.split_once("://") {
        // A scheme ends before the path begins.
        Some((scheme, _)) if !scheme.contains('/') => scheme.len() + "://".len(),
        _ if path.starts_with("//") => "//".len(),
        _ => 0,
    };
    let (scheme, rest) = path.split_at(authority);
    let host = rest.find('/').unwrap_or(rest.len());
    let host = rest[..host].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}{}", &rest[host..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_user_nor_query_is_left_and_the_path_is() {
        for (given, left) in [
            (
                "https://u:p@a.example:8188/x?sig=s#t",
                "https://a.example:8188/x",
            ),
            ("https://user:pw@a.example/b#c", "https://a.example/b"),
            ("https://user:p@w@a.example", "https://a.example"),
            ("https://a.example/@user", "https://a.example/@user"),
            ("//user@a.example/b", "//a.example/b"),
            ("u:p@d.example/y@z", "d.example/y@z"),
            ("/login?next=/v1", "/login"),
            ("/@user", "/@user"),
            ("/a://u@b", "/a://u@b"),
            ("?a", ""),
            ("", ""),
        ] {
            assert_eq!(bare_url(given), left, "{given}");
        }
    }
}
