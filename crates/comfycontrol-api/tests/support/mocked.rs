//! A client over a service in place of the network.

use comfycontrol::{Body, Client, Error};
use comfycontrol_test::{Heads, responding};
use http::Response;

/// A client whose responses are made out of the number of the request, and the heads of its
/// requests.
pub(crate) fn client_of(
    respond: impl Fn(usize) -> Response<Body> + Clone + Send + Sync + 'static,
) -> (Client, Heads) {
    let (transport, heads) = responding(move |n| Ok::<_, Error>(respond(n)));
    let client = Client::builder().token("cfc_test0000000");
    (client.transport(transport).build().unwrap(), heads)
}
