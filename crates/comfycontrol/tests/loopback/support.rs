use std::time::Duration;

use comfycontrol::{Client, ClientBuilder};
use comfycontrol_emulator::Emulator;

pub(crate) fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder()
        .token(emulator.tokens().create("test", None))
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .no_proxy()
        .timeout(Duration::from_secs(30))
}
