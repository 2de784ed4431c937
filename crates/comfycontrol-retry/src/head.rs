//! What two responses must have in common for the body of one to stand in for that of the other.

use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// What a response says of its body: which it is, how long, and how to be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    status: StatusCode,
    fields: [Option<HeaderValue>; 6],
}

impl Head {
    pub(crate) fn of<R>(response: &Response<R>) -> Self {
        let field = |name: HeaderName| response.headers().get(name).cloned();
        Self {
            status: response.status(),
            fields: [
                field(CONTENT_ENCODING),
                field(CONTENT_LENGTH),
                field(CONTENT_RANGE),
                field(CONTENT_TYPE),
                field(ETAG),
                field(LAST_MODIFIED),
            ],
        }
    }
}
