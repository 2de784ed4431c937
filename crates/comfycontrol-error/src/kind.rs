use http::StatusCode;

/// Says what went wrong with a request, by status and body of its response.
///
/// # What to do
///
/// By status and by what the response looks like. [`RetryClass`](crate::RetryClass) says whether
/// the request may be sent again.
///
#[doc = include_str!("table.md")]
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::{ApiError, ApiErrorKind};
/// use http::Response;
///
/// let body = r#"{"status":401,"message":"Token has expired"}"#;
/// let response = Response::builder().status(401).body(Bytes::from(body))?;
/// let error = ApiError::from_response(response);
///
/// let advice = match error.kind() {
///     ApiErrorKind::TokenExpired => "create a new token",
///     ApiErrorKind::Throttled => "wait",
///     _ => "read the message",
/// };
/// assert_eq!(advice, "create a new token");
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// 400: the request is malformed, or in conflict with the state of things.
    BadRequest,
    /// A rule of the edge blocks the request or its sender (1005 to 1010, 1020).
    Blocked,
    /// The edge asks for proof of a browser (`cf-mitigated: challenge`), which no API client can
    /// give.
    Challenge,
    /// 413: the body is larger than is accepted.
    ContentTooLarge,
    /// 403: the token does not permit this.
    Forbidden,
    /// 502 or 504: the edge got no usable response from the API.
    Gateway,
    /// 431 or 1038: the header fields are larger than is accepted.
    HeadersTooLarge,
    /// 500: the API failed, or a runner behind it could not be reached.
    Internal,
    /// 401: the token is not, or no longer, a known one.
    InvalidToken,
    /// 401: the request came without an `authorization` header.
    MissingToken,
    /// 404: no such entity, or not of this account.
    NotFound,
    /// 520: the API sent the edge something that is not HTTP.
    OriginBadResponse,
    /// 524: the API took the request and sent the edge no response in time.
    OriginTimeout,
    /// 521 to 523, 525, 526, 530, 1000, 1001, 1004, 1016, 1033: the edge could not reach the API.
    OriginUnreachable,
    /// Any other 4xx.
    OtherClientError,
    /// Any other 5xx.
    OtherServerError,
    /// 3xx: redirects are not followed.
    Redirect,
    /// 429 or 1015: too many requests from this address.
    Throttled,
    /// 403: the account's tier does not include this, or not as many.
    TierLimit,
    /// 401: the token's life is over.
    TokenExpired,
    /// 401 for a reason we do not know.
    Unauthorized,
    /// 503: the API is not available for now.
    Unavailable,
    /// A status that is neither success, redirect nor error.
    Unexpected,
    /// 414: the URI is longer than is accepted.
    UriTooLong,
}

impl ApiErrorKind {
    /// `message` is that of the API's own error body.
    pub(crate) fn of_api(status: StatusCode, message: &str) -> Self {
        // Lenient, for the texts are made for people; what is unknown stays general.
        let said = || message.trim().trim_end_matches('.');
        let says = |text| said().eq_ignore_ascii_case(text);
        match status.as_u16() {
            401 if says("invalid token") => Self::InvalidToken,
            401 if says("missing authorization header") => Self::MissingToken,
            401 if says("token has expired") => Self::TokenExpired,
            403 if words(message).any(|word| word.eq_ignore_ascii_case("tier")) => Self::TierLimit,
            _ => Self::of_status(status),
        }
    }

    /// `code` and `name` are those the edge gives to an error of its own.
    pub(crate) fn of_edge(status: StatusCode, code: Option<u16>, name: Option<&str>) -> Self {
        match (code, name) {
            (Some(1000 | 1001 | 1004 | 1016 | 1033), _) => Self::OriginUnreachable,
            (Some(1005..=1010 | 1020), _) | (_, Some("firewall_rule_blocked")) => Self::Blocked,
            (Some(1015), _) => Self::Throttled,
            (Some(1038), _) => Self::HeadersTooLarge,
            _ => Self::of_status(status),
        }
    }

    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::BadRequest,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            413 => Self::ContentTooLarge,
            414 => Self::UriTooLong,
            429 => Self::Throttled,
            431 => Self::HeadersTooLarge,
            500 => Self::Internal,
            502 | 504 => Self::Gateway,
            503 => Self::Unavailable,
            520 => Self::OriginBadResponse,
            521..=523 | 525 | 526 | 530 => Self::OriginUnreachable,
            524 => Self::OriginTimeout,
            _ if status.is_redirection() => Self::Redirect,
            _ if status.is_client_error() => Self::OtherClientError,
            _ if status.is_server_error() => Self::OtherServerError,
            _ => Self::Unexpected,
        }
    }

    /// Whether only the edge can have written a response of this kind.
    pub(crate) fn is_the_edges(self, status: StatusCode) -> bool {
        matches!(self, Self::Challenge | Self::Throttled)
            || matches!(status.as_u16(), 520..=526 | 530)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}
