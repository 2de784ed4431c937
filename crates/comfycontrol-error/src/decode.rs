//! Decides what a response means. Total: whatever the bytes, the decision is as good as they allow.

use std::borrow::Cow;
use std::time::Duration;

use comfycontrol_core::{Escaped, bare_url, mask_secrets, retry_after};
use http::header::{CONTENT_ENCODING, HeaderMap, LOCATION};
use http::{HeaderValue, StatusCode};

use crate::edge::EdgeFields;
use crate::json::Members;
use crate::reason_phrase::reason_phrase;
use crate::text::{lossy, snippet};
use crate::xml::{StoreError, store_error};
use crate::{ApiErrorKind, ProblemDetails, RetryClass, ServedBy};

/// The most characters that are kept of each text a server sends: 1,000. The raw body is kept as
/// well.
pub const MAX_MESSAGE_CHARS: usize = 1_000;

#[derive(Clone)]
pub(crate) struct Decoded {
    pub(crate) body_status: Option<i64>,
    pub(crate) cf_ray: Option<String>,
    pub(crate) edge_code: Option<u16>,
    pub(crate) kind: ApiErrorKind,
    /// The message is a page's title that only repeats the status, or there was none.
    pub(crate) is_only_status: bool,
    pub(crate) message: String,
    pub(crate) served_by: ServedBy,
    pub(crate) problem: Option<ProblemDetails>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) retry_class: RetryClass,
    /// The response is a store's, to a signed URL whose time is over.
    pub(crate) url_expired: bool,
}

/// The shapes of body that errors come in, each with what it alone tells.
enum Shape<'a> {
    /// `{"status":401,"message":"Invalid token"}`
    Api { message: Cow<'a, str> },
    /// `error code: 1015`, and nothing else.
    Short { code: u16 },
    /// `application/problem+json`; `by_edge` if it bears Cloudflare's extensions.
    Problem {
        problem: ProblemDetails,
        by_edge: bool,
    },
    /// The XML of a store of files.
    Store(StoreError),
    /// HTML, text, nothing, or JSON of some other form.
    Other,
}

/// `whole` says that `body` is all there was.
pub(crate) fn decode(status: StatusCode, headers: &HeaderMap, body: &[u8], whole: bool) -> Decoded {
    // A content type is but a claim, and so is a charset: look at the bytes, as UTF-8.
    let text = lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let members = Members::read(text);
    let shape = Shape::new(text, &members, whole);
    let edge = EdgeFields::of(headers);
    let by_edge = edge.has_error || edge.mitigated.is_some();
    let edge_code = shape.edge_code(&members);
    let kind = match edge.mitigated {
        Some(how) if is(how, b"challenge") => ApiErrorKind::Challenge,
        _ => shape.kind(status, by_edge, edge_code),
    };
    let message = message(status, headers, &shape, text);
    Decoded {
        body_status: members.status.integer(),
        cf_ray: ray(edge.ray, &members),
        edge_code,
        kind,
        is_only_status: matches!(shape, Shape::Other) && is_status(&message, status),
        message,
        served_by: served_by(status, kind, &shape, by_edge),
        retry_after: retry_after(headers).or_else(|| members.retry_after.wait()),
        retry_class: RetryClass::new(kind, status, edge_code),
        // GCS says 400.
        url_expired: matches!(&shape, Shape::Store(error) if error.is_expired)
            && matches!(status.as_u16(), 400 | 401 | 403),
        problem: match shape {
            Shape::Problem { problem, .. } => Some(problem),
            _ => None,
        },
    }
}

impl<'a> Shape<'a> {
    fn new(text: &str, members: &Members<'a>, whole: bool) -> Self {
        if let Some(message) = members.message.text() {
            return Self::Api { message };
        }
        let problem = ProblemDetails::new(members, MAX_MESSAGE_CHARS);
        // RFC 9457 §3.1 makes no member mandatory; one is needed to tell it from other JSON.
        if problem.title().is_some() || problem.detail().is_some() || problem.type_uri().is_some() {
            let by_edge = members.cloudflare_error.flag() == Some(true)
                || (problem.error_name().is_some() && problem.error_category().is_some());
            return Self::Problem { problem, by_edge };
        }
        match error_code(text) {
            Some(code) if whole => Self::Short { code },
            _ => store_error(text).map_or(Self::Other, Self::Store),
        }
    }

    fn edge_code(&self, members: &Members<'_>) -> Option<u16> {
        match self {
            Self::Short { code } => Some(*code),
            Self::Problem { by_edge: true, .. } => {
                u16::try_from(members.error_code.integer()?).ok()
            }
            _ => None,
        }
    }

    fn kind(&self, status: StatusCode, by_edge: bool, code: Option<u16>) -> ApiErrorKind {
        match self {
            Self::Api { message } if !by_edge => ApiErrorKind::of_api(status, message),
            Self::Short { .. } => ApiErrorKind::of_edge(status, code, None),
            Self::Problem { problem, by_edge } if *by_edge => {
                ApiErrorKind::of_edge(status, code, problem.error_name())
            }
            _ => ApiErrorKind::of_status(status),
        }
    }
}

/// The code of a body that is the edge's short form and nothing else.
///
/// Anchored at both ends: a number or a name inside other text proves nothing.
fn error_code(text: &str) -> Option<u16> {
    let digits = text.trim().strip_prefix("error code: ")?;
    let plain = (3..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

fn served_by(status: StatusCode, kind: ApiErrorKind, shape: &Shape<'_>, by_edge: bool) -> ServedBy {
    match shape {
        _ if by_edge || kind.is_the_edges(status) => ServedBy::Edge,
        Shape::Short { .. } | Shape::Problem { by_edge: true, .. } => ServedBy::Edge,
        Shape::Api { .. } => ServedBy::Api,
        Shape::Problem { .. } | Shape::Store(_) | Shape::Other => ServedBy::Unknown,
    }
}

fn message(status: StatusCode, headers: &HeaderMap, shape: &Shape<'_>, text: &str) -> String {
    let location = if status.is_redirection() {
        headers.get(LOCATION)
    } else {
        None
    };
    let said = match (location, shape) {
        (Some(location), _) => {
            let location = lossy(location.as_bytes());
            let location = bare_url(&location);
            format!(
                "redirected to {}",
                Escaped::new(&location, MAX_MESSAGE_CHARS)
            )
        }
        (_, Shape::Api { message }) => Escaped::new(message, MAX_MESSAGE_CHARS).into_string(),
        (_, Shape::Short { code }) => format!("error code: {code}"),
        (_, Shape::Problem { problem, .. }) => {
            let said = problem.detail().or(problem.title()).unwrap_or_default();
            said.to_owned()
        }
        (_, Shape::Store(error)) => {
            Escaped::single_spaced(&error.said, MAX_MESSAGE_CHARS).into_string()
        }
        // Compressed bytes are no text.
        (_, Shape::Other) if encoded(headers) => String::new(),
        (_, Shape::Other) => snippet(text, MAX_MESSAGE_CHARS),
    };
    if said.is_empty() {
        reason_phrase(status).to_owned()
    } else {
        said
    }
}

/// Whether a text is only the status.
fn is_status(said: &str, status: StatusCode) -> bool {
    let phrase = said.strip_prefix(status.as_str()).unwrap_or(said);
    let phrase = phrase.trim_matches([' ', ':', '-', '.']);
    phrase.is_empty() || phrase.eq_ignore_ascii_case(reason_phrase(status))
}

/// The edge's id for the request, if it looks like one.
fn ray(told: Option<&HeaderValue>, members: &Members<'_>) -> Option<String> {
    let sound = |ray: &Cow<'_, str>| {
        (1..=MAX_RAY_CHARS).contains(&ray.len())
            && ray.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && mask_secrets(ray) == **ray
    };
    let told = told.map(|ray| lossy(ray.as_bytes())).filter(sound);
    let told = told.or_else(|| members.ray_id.text().filter(sound));
    told.map(Cow::into_owned)
}

fn encoded(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    codings.any(|coding| {
        let coding = coding.trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })
}

fn is(said: &HeaderValue, value: &[u8]) -> bool {
    said.as_bytes().trim_ascii().eq_ignore_ascii_case(value)
}

const MAX_RAY_CHARS: usize = 64;
