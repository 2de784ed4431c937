use bytes::Bytes;
use comfycontrol_error::{ApiError, DecodeErrorLayer};
use http::{Request, Response};
use http_body_util::Full;
use tokio_test::{assert_ready_err, task};
use tower::{BoxError, Layer, Service, service_fn};

/// An error as the API writes it.
pub(crate) fn api(status: u16, message: &str) -> ApiError {
    let body = format!(r#"{{"status":{status},"message":"{message}"}}"#);
    refused(status, &[("content-type", "application/json")], body)
}

/// The error that the layer makes of a reply.
pub(crate) fn refused(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> ApiError {
    let body = Full::new(Bytes::copy_from_slice(body.as_ref()));
    let mut reply = Response::builder().status(status);
    for (name, value) in headers {
        reply = reply.header(*name, *value);
    }
    let mut reply = Some(reply.body(body).unwrap());
    let inner = service_fn(move |_: Request<()>| {
        let reply = reply.take().expect("one call");
        async { Ok::<_, BoxError>(reply) }
    });
    let mut service = DecodeErrorLayer::new().layer(inner);
    let mut call = task::spawn(service.call(Request::new(())));
    *assert_ready_err!(call.poll()).downcast().unwrap()
}
