use std::borrow::Cow;

use comfycontrol_core::Escaped;

use crate::json::Members;

/// The problem details (RFC 9457) in the body of a response, with Cloudflare's extensions.
///
/// Texts are safe to show: control characters escaped, tokens masked, each cut to
/// [`MAX_MESSAGE_CHARS`](crate::MAX_MESSAGE_CHARS), which is 1,000. The body as it came is in
/// [`ApiError::body`](crate::ApiError::body).
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::ApiError;
/// use http::Response;
///
/// let body = r#"{"title":"Error 1016: Origin DNS error","error_code":1016,
///     "error_name":"origin_dns_error","error_category":"origin","retryable":true}"#;
/// let response = Response::builder().status(530).body(Bytes::from(body))?;
/// let error = ApiError::from_response(response);
///
/// let problem = error.problem().expect("the body holds problem details");
/// assert_eq!(problem.title(), Some("Error 1016: Origin DNS error"));
/// assert_eq!(problem.error_name(), Some("origin_dns_error"));
/// assert_eq!(problem.retryable(), Some(true));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ProblemDetails {
    advice: Option<String>,
    detail: Option<String>,
    error_category: Option<String>,
    error_name: Option<String>,
    instance: Option<String>,
    retryable: Option<bool>,
    title: Option<String>,
    type_uri: Option<String>,
}

impl ProblemDetails {
    pub(crate) fn new(members: &Members<'_>, max: usize) -> Self {
        let shown =
            |text: Option<Cow<'_, str>>| text.map(|text| Escaped::new(&text, max).into_string());
        Self {
            advice: shown(members.what_you_should_do.text()),
            detail: shown(members.detail.text()),
            error_category: shown(members.error_category.text()),
            error_name: shown(members.error_name.text()),
            instance: shown(members.instance.text()),
            retryable: members.retryable.flag(),
            title: shown(members.title.text()),
            type_uri: shown(members.type_uri.text()),
        }
    }

    /// What the edge advises the client to do (`what_you_should_do`).
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    /// What went wrong this time.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The edge's class of error, e.g. `rate_limit`.
    pub fn error_category(&self) -> Option<&str> {
        self.error_category.as_deref()
    }

    /// The edge's name for the error, e.g. `rate_limited`.
    pub fn error_name(&self) -> Option<&str> {
        self.error_name.as_deref()
    }

    /// The URI of this one occurrence of the problem.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Whether the edge thinks that trying again can help; says nothing of the method.
    pub fn retryable(&self) -> Option<bool> {
        self.retryable
    }

    /// What went wrong in general.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// A URI that names the type of problem.
    pub fn type_uri(&self) -> Option<&str> {
        self.type_uri.as_deref()
    }
}
