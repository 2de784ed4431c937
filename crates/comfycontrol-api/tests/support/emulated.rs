//! A client of an emulator.

use comfycontrol::{Client, ClientBuilder};
use comfycontrol_emulator::Emulator;

/// A client with a token that the emulator is told of, over TLS, whatever the environment says of
/// proxies.
pub(crate) fn builder(emulator: &Emulator, token: &str) -> ClientBuilder {
    emulator.tokens().insert("test", token, None);
    Client::builder()
        .token(token)
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .no_proxy()
}
