//! Asks an emulated API whose token this is, and then without one.

use std::error::Error;

use comfycontrol::Client;
use comfycontrol_emulator::Emulator;
use serde::Deserialize;

#[derive(Deserialize)]
struct User {
    name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = Emulator::builder().start().await?;
    // `Client::from_env()?` for the real API.
    let client = Client::builder()
        .token(api.tokens().create("example", None))
        .base_url(api.https_url())
        .root_certificate(api.ca_der())
        .build()?;

    let user: User = client.get("/v1/user").send().await?.json().await?;
    println!("the token belongs to {}", user.name);
    if let Err(error) = client.get("/v1/user").without_token().send().await {
        println!("{error}");
        println!("request id: {}", error.request_id().unwrap_or("none"));
    }
    api.shutdown().await;
    Ok(())
}
