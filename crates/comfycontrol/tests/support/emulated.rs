//! A client of an emulator.

use comfycontrol::{Client, ClientBuilder};
use comfycontrol_emulator::Emulator;

/// A client with a token of the emulator's own, over TLS, whatever the environment says of proxies.
pub(crate) fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder()
        .token(emulator.tokens().create("test", None))
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .no_proxy()
}
