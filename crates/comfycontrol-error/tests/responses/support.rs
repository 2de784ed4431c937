use bytes::Bytes;
use comfycontrol_error::{ApiError, ErrorDecoderLayer};
use comfycontrol_test::{Scripted, at_once};
use http::{Request, Response};
use http_body_util::Full;
use tower::{BoxError, Layer, Service};

/// An error as the API writes it.
pub(crate) fn api(status: u16, message: &str) -> ApiError {
    let body = format!(r#"{{"status":{status},"message":"{message}"}}"#);
    decode(status, &[("content-type", "application/json")], body)
}

/// The error that the layer makes of a response.
pub(crate) fn decode(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> ApiError {
    let body = Full::new(Bytes::copy_from_slice(body.as_ref()));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let inner = Scripted::<BoxError, _>::once(response.body(body).unwrap());
    let mut service = ErrorDecoderLayer::new().layer(inner);
    let error = at_once(service.call(Request::new(()))).unwrap_err();
    *error.downcast().unwrap()
}
