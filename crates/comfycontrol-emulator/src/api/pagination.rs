//! The query parameters of lists.

use http::request::Parts;
use serde_json::{Value, json};

use super::error::ApiError;

/// The page that `page` and `per_page` ask for, as `{"<key>":[…],"total":n}`.
pub(super) fn page<T>(
    head: &Parts,
    key: &str,
    items: impl Iterator<Item = T>,
    show: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    let page = number(head, "page", 1, u64::MAX)?.unwrap_or(1);
    let per_page = number(head, "per_page", 1, 100)?.unwrap_or(10);
    let first = (page - 1).saturating_mul(per_page);

    let mut total = 0;
    let mut shown = Vec::new();
    for item in items {
        if total >= first && total - first < per_page {
            shown.push(show(item));
        }
        total += 1;
    }
    Ok(json!({ key: shown, "total": total }))
}

/// The value of one query parameter.
pub(super) fn parameter(head: &Parts, name: &str) -> Option<String> {
    let query = head.uri.query()?;
    form_urlencoded::parse(query.as_bytes())
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn number(head: &Parts, name: &str, least: u64, most: u64) -> Result<Option<u64>, ApiError> {
    let Some(text) = parameter(head, name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ if most == u64::MAX => Err(ApiError::bad_request(format!(
            "{name} must be at least {least}"
        ))),
        _ => Err(ApiError::bad_request(format!(
            "{name} must be between {least} and {most}"
        ))),
    }
}
