//! What two responses must have in common for the body of one to stand in for that of the other.

use http::{HeaderValue, Response, StatusCode};

/// What a response says of its body: which it is, how long, and how to be read.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Head {
    status: StatusCode,
    fields: [Option<HeaderValue>; 6],
}

impl Head {
    pub(crate) fn of<R>(response: &Response<R>) -> Self {
        let mut fields = [const { None }; 6];
        // Once through the few that there are: looking for each is dearer.
        for (name, value) in response.headers() {
            let at = match name.as_str() {
                "content-encoding" => 0,
                "content-length" => 1,
                "content-range" => 2,
                "content-type" => 3,
                "etag" => 4,
                "last-modified" => 5,
                _ => continue,
            };
            fields[at].get_or_insert_with(|| HeaderValue::clone(value));
        }
        Self {
            status: response.status(),
            fields,
        }
    }
}
