//! The query parameters of lists, and their pages.

use http::request::Parts;
use serde_json::{Value, json};

use super::error::ApiError;
use super::list_fault::ListFault;
use super::shelf::Kept;

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    /// `{"<key>":[…],"total":n}`
    pub(super) value: Value,
    /// The identifiers of the items that are to disappear.
    pub(super) leaving: Vec<String>,
    /// How many items are to appear.
    pub(super) coming: usize,
}

/// The page that `page` and `per_page` ask for, with the faults of the list.
pub(super) fn page<'a, T: Kept + 'a>(
    head: &Parts,
    faults: &[ListFault],
    key: &str,
    items: impl Iterator<Item = &'a T>,
    show: impl Fn(&T) -> Value,
) -> Result<Page, ApiError> {
    let page = number(head, "page", 1, u64::MAX)?.unwrap_or(1);
    let mut per_page = number(head, "per_page", 1, 100)?.unwrap_or(10);
    for fault in faults {
        if let ListFault::Cap(most) = fault {
            per_page = per_page.min((*most).max(1));
        }
    }
    let first = (page - 1).saturating_mul(per_page);

    let mut total = 0;
    let mut shown = Vec::new();
    let mut ids = Vec::new();
    for item in items {
        if total >= first && total - first < per_page {
            shown.push(show(item));
            ids.push(item.id().to_owned());
        }
        total += 1;
    }
    let mut page = Page {
        value: json!({ key: shown, "total": total }),
        leaving: Vec::new(),
        coming: 0,
    };
    for fault in faults {
        page.befall(*fault, key, &ids);
    }
    Ok(page)
}

impl Page {
    fn befall(&mut self, fault: ListFault, key: &str, ids: &[String]) {
        match fault {
            ListFault::Cap(_) => {}
            ListFault::Grow(items) => self.coming += items.min(MAX_GROWTH),
            ListFault::Missing => {
                if let Value::Object(fields) = &mut self.value
                    && let Some(list) = fields.remove(key)
                {
                    fields.insert("items".to_owned(), list);
                }
            }
            ListFault::NullWhenEmpty => {
                let list = &mut self.value[key];
                if list.as_array().is_some_and(Vec::is_empty) {
                    *list = Value::Null;
                }
            }
            ListFault::Shrink(items) => self.leaving.extend(ids.iter().take(items).cloned()),
            ListFault::NoTotal => {
                if let Value::Object(fields) = &mut self.value {
                    fields.remove("total");
                }
            }
            ListFault::Total(total) => self.value["total"] = total.into(),
        }
    }
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

const MAX_GROWTH: usize = 1_000;
