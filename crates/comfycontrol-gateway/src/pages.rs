//! What the gateway serves itself, below `/_/`.

use std::convert::Infallible;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::header::LOCATION;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::body::GatewayBody;
use crate::refusal::Refusal;

pub(crate) type PageBody = UnsyncBoxBody<Bytes, BoxError>;

#[derive(Clone, Debug)]
pub(crate) struct Pages(BoxCloneSyncService<Request<()>, Response<PageBody>, Infallible>);

impl Pages {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let boxed =
            |response: Response<B>| response.map(|body| body.map_err(Into::into).boxed_unsync());
        Self(BoxCloneSyncService::new(service.map_response(boxed)))
    }

    /// Serves `/_/x` as `/x`, and leads from `/_` to `/_/`: what the page names is relative to it.
    pub(crate) async fn respond(&self, mut head: Parts) -> Result<Response<GatewayBody>, Refusal> {
        if head.uri.path() == "/_" {
            return Ok(to_the_first());
        }
        head.uri = inside(&head.uri).ok_or_else(not_found)?;
        let Ok(response) = self.0.clone().oneshot(Request::from_parts(head, ())).await;
        Ok(response.map(GatewayBody::page))
    }
}

/// Whether a path belongs to the gateway: its first part is `_`, however that is written.
pub(crate) fn are_at(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    first == "_" || first.eq_ignore_ascii_case("%5f")
}

fn to_the_first() -> Response<GatewayBody> {
    let mut response = Response::new(GatewayBody::bytes(Bytes::new(), false));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let first = HeaderValue::from_static("/_/");
    response.headers_mut().insert(LOCATION, first);
    response
}

fn inside(uri: &Uri) -> Option<Uri> {
    let inner = uri.path_and_query()?.as_str().strip_prefix("/_")?;
    Some(Uri::from(PathAndQuery::try_from(inner).ok()?))
}

pub(crate) fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "the gateway has no such page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_underscore_is_never_for_the_api() {
        for path in ["/_", "/_/", "/_/metrics", "/%5f/", "/%5F", "//_/x"] {
            assert!(are_at(path), "{path}");
        }
        for path in ["/", "/v1/_/", "/__/", "/_x/", "/v1"] {
            assert!(!are_at(path), "{path}");
        }
        let inner = |uri: &str| inside(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(inner("/_/metrics?a=b").as_deref(), Some("/metrics?a=b"));
        assert_eq!(inner("/%5f/x"), None);
    }
    #[tokio::test]
    async fn without_its_slash_the_page_is_elsewhere() {
        let page = tower::service_fn(async |request: Request<()>| {
            let path = request.uri().path().to_owned();
            Ok(Response::new(http_body_util::Full::new(Bytes::from(path))))
        });
        let pages = Pages::new(page);
        let respond = async |path: &str| {
            let request = Request::get(path).body(()).unwrap();
            pages.respond(request.into_parts().0).await.unwrap()
        };
        for path in ["/_", "/_?a"] {
            let response = respond(path).await;
            assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
            assert_eq!(response.headers()[LOCATION], "/_/");
        }
        let page = respond("/_/").await;
        assert_eq!(page.into_body().collect().await.unwrap().to_bytes(), "/");
    }
}
