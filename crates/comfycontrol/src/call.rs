use std::mem;

use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, StatusCode};

use crate::response_context::ResponseContext;
use crate::{Body, Error};

/// What is remembered of a request that has left.
pub(crate) struct Call {
    method: Method,
    path: Option<PathAndQuery>,
}

impl Call {
    pub(crate) fn of(req: &Request<Body>) -> Self {
        Self {
            method: req.method().clone(),
            path: req.uri().path_and_query().cloned(),
        }
    }

    /// What is remembered, for a response to it; once.
    pub(crate) fn context(
        &mut self,
        status: StatusCode,
        request_id: Option<HeaderValue>,
    ) -> ResponseContext {
        let method = mem::take(&mut self.method);
        ResponseContext::new(method, self.path.take(), status, request_id)
    }

    /// Lets an error speak of its call.
    pub(crate) fn failed(&self, error: Error) -> Error {
        let path = self.path.as_ref().map_or("", PathAndQuery::path);
        error.with_call(&self.method, path)
    }
}
