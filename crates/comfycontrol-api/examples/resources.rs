//! Adds a runner, keeps a template, runs it, and looks back, all against an emulated API.

use std::error::Error;
use std::time::Duration;

use comfycontrol::Client;
use comfycontrol_api::{Api, NewRunner, NewTemplate, NewWorkflow, RunnerStatus, RunnerUpdate};
use comfycontrol_emulator::Emulator;
use futures_util::TryStreamExt;

const GRAPH: &str = r#"{"6":{"class_type":"CLIPTextEncode","inputs":{"text":"$text(prompt)"}}}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tick = Duration::from_millis(50);
    let emulator = Emulator::builder()
        .runners(7)
        .run_time(20 * tick)
        .sse_interval(tick);
    let emulator = emulator.start().await?;
    let api = Api::new(
        Client::builder()
            .token(emulator.tokens().create("example", None))
            .base_url(emulator.https_url())
            .root_certificate(emulator.ca_der())
            .build()?,
    );

    let user = api.user().await?;
    println!("{} is on the tier {}", user.name, user.tier);

    let new = NewRunner::new("desk", "https://comfy.example.com").tag("gpu-a100");
    let desk = api.runners().create(&new).await?;
    let mut active = api.runners().list().status(RunnerStatus::Active).items();
    while let Some(runner) = active.try_next().await? {
        println!("runner {} with {:?}", runner.name, runner.tags);
    }

    let new = NewTemplate::new("sunset", "paints a sunset", GRAPH);
    let template = api.templates().create(new).await?;
    let new = NewWorkflow::new("Sunset 1", &template.body)
        .tag("gpu-a100")
        .text("prompt", "a red sunset");
    let run = api.workflows().create(new).await?;

    let mut updates = api.workflows().subscribe(&run.id);
    while let Some(update) = updates.try_next().await? {
        println!("{} is {}", run.name, update.status);
        // One that has failed, was cancelled or is not valid.
        update.error_for_status()?;
    }
    for output in api.workflows().outputs(&run.id).await? {
        let file = api.downloader().get(&output.src).send().await?;
        println!("{}: {} bytes", output.id, file.bytes().await?.len());
    }

    for run in api.runners().history(&desk.id).await? {
        println!("{} ran {} and is {}", desk.name, run.name, run.status);
    }
    let pause = RunnerUpdate::new().status(RunnerStatus::Disabled);
    let desk = api.runners().update(&desk.id, &pause).await?;
    println!("{} is {}", desk.name, desk.status);
    emulator.shutdown().await;
    Ok(())
}
