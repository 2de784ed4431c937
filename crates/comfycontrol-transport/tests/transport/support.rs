use bytes::Bytes;
use comfycontrol_emulator::Emulator;
use comfycontrol_test::{SECOND, chain, within};
use comfycontrol_transport::{Transport, TransportBody, TransportBuilder, TransportError};
use http::{Request, Response};
use http_body_util::Full;
use tower::ServiceExt;

pub(crate) type Body = Full<Bytes>;

/// An emulator that counts nothing, and gives everybody an empty 200.
pub(crate) async fn edge() -> Emulator {
    let builder = Emulator::builder().limit(None).without_api();
    builder.start().await.unwrap()
}

/// Settings that trust the emulator, and know of no proxy.
pub(crate) fn builder(emulator: &Emulator) -> TransportBuilder {
    TransportBuilder::new()
        .root_certificate(emulator.ca_der())
        .no_proxy()
}

pub(crate) fn transport(emulator: &Emulator) -> Transport<Body> {
    builder(emulator).build().unwrap()
}

/// The response to one request, or what went wrong. Fails instead of hanging.
pub(crate) async fn send(
    transport: &Transport<Body>,
    request: Request<Body>,
) -> Result<Response<TransportBody>, TransportError> {
    within(60 * SECOND, transport.clone().oneshot(request)).await
}

pub(crate) fn get(url: impl AsRef<str>) -> Request<Body> {
    Request::get(url.as_ref()).body(Body::default()).unwrap()
}

pub(crate) fn post(url: impl AsRef<str>) -> Request<Body> {
    Request::post(url.as_ref())
        .body(Body::from("payload"))
        .unwrap()
}

/// All that can be shown of an error.
pub(crate) fn shown(error: &TransportError) -> String {
    let mut shown = format!("{error:?} {error}");
    for cause in chain(error).skip(1) {
        shown += &format!(": {cause} {cause:?}");
    }
    shown
}
