use axum::Router;
use axum::body::{Body, to_bytes};
use comfycontrol_dashboard::Dashboard;
use http::{Method, Request, Response};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) fn app(dashboard: &Dashboard) -> Router {
    Router::new().nest_service("/_/", dashboard.clone())
}

pub(crate) async fn send(dashboard: &Dashboard, method: Method, path: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    app(dashboard).oneshot(request).await.unwrap()
}

pub(crate) async fn get(dashboard: &Dashboard, path: &str) -> Response<Body> {
    send(dashboard, Method::GET, path).await
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 1024 * 1024).await.unwrap();
    String::from_utf8(bytes.into()).unwrap()
}

pub(crate) async fn json(dashboard: &Dashboard, path: &str) -> Value {
    serde_json::from_str(&text(get(dashboard, path).await).await).unwrap()
}
