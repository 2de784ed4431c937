use std::future::{Ready, ready};

use http::{Request, Response};
use tower::retry::Policy;

use crate::TokenReplaced;

/// A [`tower::retry`] policy that sends again after a 401 if the token was replaced meanwhile: up
/// to three times.
///
/// For stacks that have no retry policy of their own. It goes outside [`AddToken`](crate::AddToken)
/// and outside any rate limiter, which has to count both. A 401 means that nothing was done, so the
/// method does not matter. Only a request whose body is `Clone` can be sent again; its extensions
/// go along.
///
/// # Example
///
/// ```
/// use comfycontrol_token::{AddTokenLayer, Origin, ResendReplaced, Token};
/// use tower::{BoxError, ServiceBuilder, retry::RetryLayer};
///
/// let client = ServiceBuilder::new()
///     .layer(RetryLayer::new(ResendReplaced::default()))
///     .layer(AddTokenLayer::new(
///         Origin::parse("https://api.comfycontrol.app")?,
///         Token::parse("cfc_abc123")?,
///     ))
///     .service_fn(|_: http::Request<String>| async {
///         Ok::<_, BoxError>(http::Response::new(()))
///     });
/// # Ok::<(), BoxError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResendReplaced {
    resends: u32,
}

impl<ReqBody: Clone, ResBody, E> Policy<Request<ReqBody>, Response<ResBody>, E> for ResendReplaced {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<ReqBody>,
        result: &mut Result<Response<ResBody>, E>,
    ) -> Option<Self::Future> {
        let response = result.as_ref().ok()?;
        response.extensions().get::<TokenReplaced>()?;
        self.resends += 1;
        (self.resends <= MAX_RESENDS).then(|| ready(()))
    }

    fn clone_request(&mut self, req: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        Some(req.clone())
    }
}

/// A token may be replaced more than once while a call is on its way, but not without end.
const MAX_RESENDS: u32 = 3;
