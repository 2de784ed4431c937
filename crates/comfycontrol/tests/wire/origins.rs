//! The token goes to the configured origin and nowhere else, whatever callers, servers and layers
//! outside do.

mod client;
mod layer;

use comfycontrol::{Body, Client, ClientBuilder};
use comfycontrol_emulator::{CapturedRequest, Emulator};
use comfycontrol_test::carries;
use http::Request;

use crate::support;

const TOKEN: &str = "cfc_origins0origins0origins";

async fn start() -> Emulator {
    let emulator = support::edge().await;
    emulator.tokens().insert("test", TOKEN, None);
    emulator
}

fn builder(home: &Emulator) -> ClientBuilder {
    support::builder(home).token(TOKEN)
}

/// A client of an origin that no emulator stands behind.
fn builder_for(url: &str) -> ClientBuilder {
    Client::builder().token(TOKEN).base_url(url).no_proxy()
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn carries_token(seen: &CapturedRequest) -> bool {
    carries(TOKEN, seen.headers(), seen.uri())
}
