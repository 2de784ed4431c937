use std::mem;

use http::{HeaderValue, Method, Request, Response, Uri};

use crate::response::{Inbound, ResponseBody};
use crate::response_context::ResponseContext;
use crate::{Body, Error};

/// What is remembered of a request that has left.
pub(crate) struct Call {
    method: Method,
    uri: Uri,
}

impl Call {
    pub(crate) fn of(req: &Request<Body>) -> Self {
        Self {
            method: req.method().clone(),
            uri: req.uri().clone(),
        }
    }

    /// Lets the result speak of its call; once.
    pub(crate) fn complete(
        &mut self,
        result: Result<Response<Inbound>, Error>,
        request_id: Option<HeaderValue>,
    ) -> Result<Response<ResponseBody>, Error> {
        match result {
            Ok(res) => {
                let context = ResponseContext::new(
                    mem::take(&mut self.method),
                    mem::take(&mut self.uri),
                    res.status(),
                    request_id,
                );
                Ok(res.map(|body| ResponseBody::new(body, context)))
            }
            Err(error) => Err(error.with_call(&self.method, self.uri.path())),
        }
    }
}
