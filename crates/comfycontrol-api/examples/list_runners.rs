//! Reads a list of several pages from an emulated API.

use std::error::Error;

use comfycontrol::Client;
use comfycontrol_api::Api;
use comfycontrol_emulator::Emulator;
use futures_util::TryStreamExt;
use serde::Deserialize;

#[derive(Deserialize)]
struct Runner {
    name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().runners(7).start().await?;
    let api = Api::new(
        Client::builder()
            .token(emulator.tokens().create("example", None))
            .base_url(emulator.https_url())
            .root_certificate(emulator.ca_der())
            .build()?,
    );

    let mut runners = api.paginate("/v1/runner", "runners").per_page(3).items();
    while let Some(Runner { name }) = runners.try_next().await? {
        println!("{name}");
    }
    println!("{} requests", emulator.captured_requests().len());
    emulator.shutdown().await;
    Ok(())
}
