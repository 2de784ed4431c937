//! A caller makes one call while sixty of another wait: it is served second, and none is throttled.
//! The clock is a paused one: the example ends at once.

use std::time::Duration;

use comfycontrol::Client;
use comfycontrol_emulator::Emulator;
use comfycontrol_gateway::Gateway;
use http::Request;
use http_body_util::Empty;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::{BoxError, ServiceExt};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().service();
    let client = Client::builder()
        .token(api.tokens().create("gateway", None))
        .transport(api.clone());
    let gateway = Gateway::builder(client)
        .on_finished(|call| {
            let caller = call.caller().map_or("", |key| key.as_str());
            if caller == "ann" {
                println!("the call of {caller} waited {:.1?}", call.waited());
            }
        })
        .build()?;
    let call = |caller: &str| {
        let request = Request::get("http://localhost/v1/user")
            .header("x-caller", caller)
            .body(Empty::<bytes::Bytes>::new());
        request.map(|request| gateway.clone().oneshot(request))
    };

    let mut calls = JoinSet::new();
    for _ in 0..60 {
        calls.spawn(call("nightly")?);
    }
    sleep(Duration::from_secs(1)).await;
    calls.spawn(call("ann")?);
    while let Some(response) = calls.join_next().await {
        assert_eq!(response??.status(), 200);
    }
    println!("429s: {}", api.edge().throttled());
    Ok(())
}
