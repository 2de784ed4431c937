//! Errors as the storage of outputs gives them.

use http::{Response, StatusCode};

use super::body::Body;
use super::exchange::Exchange;

/// An error document of an S3-like storage.
pub(crate) fn denied(
    status: StatusCode,
    code: &str,
    message: &str,
    exchange: &Exchange,
) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message><RequestId>{}</RequestId></Error>\n",
        exchange.ray
    );
    exchange.response(status, "application/xml", body)
}
