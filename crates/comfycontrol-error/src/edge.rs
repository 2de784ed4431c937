//! What the edge says of a response in header fields of its own.

use http::{HeaderMap, HeaderValue};

/// The fields that only the edge sets. Looked for in one pass: to look each up costs more.
#[derive(Default)]
pub(crate) struct EdgeFields<'a> {
    /// `cf-mitigated`
    pub(crate) mitigated: Option<&'a HeaderValue>,
    /// `cf-ray`
    pub(crate) ray: Option<&'a HeaderValue>,
    /// There is one of those that stand on an error of the edge alone.
    pub(crate) has_error: bool,
}

impl<'a> EdgeFields<'a> {
    /// Of a field that comes twice the first counts.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            match name.as_str() {
                "cf-error-origin" | "cf-error-type" => fields.has_error = true,
                "cf-mitigated" => _ = fields.mitigated.get_or_insert(value),
                "cf-ray" => _ = fields.ray.get_or_insert(value),
                _ => {}
            }
        }
        fields
    }
}
