//! One run of a workflow: a graph and a picture go up, its states come back as events, and its
//! outputs are fetched from where they are stored, without the token.
//!
//! `cargo run --example run_workflow -- DIRECTORY` keeps the outputs there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use comfycontrol::{Client, Multipart, Part};
use comfycontrol_api::{Api, Downloader, Output};
use comfycontrol_emulator::{CapturedRequest, Emulator, Listener};
use futures_util::TryStreamExt;
use http::header::AUTHORIZATION;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tower::BoxError;

const PICTURE: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct Workflow {
    id: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // The server closes each subscription after 5 updates, i.e. several times a run.
    let emulator = Emulator::builder()
        .run_time(Duration::from_secs(4))
        .sse_interval(Duration::from_millis(200))
        .max_sse_events(5)
        .min_output_bytes(1024 * 1024)
        .start()
        .await?;
    let client = Client::builder()
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .token(emulator.tokens().create("studio", None))
        .build()?;
    let api = Api::new(client);

    let temporary = tempfile::tempdir()?;
    let kept = std::env::args_os().nth(1).map(PathBuf::from);
    let picture = temporary.path().join("photo.png");
    File::create(&picture).await?.set_len(PICTURE).await?;

    let id = upload(api.client(), &picture).await?;
    let outputs = follow(&api, &id).await?;
    for output in &outputs {
        let name = file_name(output).ok_or("an output has no name")?;
        let path = kept.as_deref().unwrap_or(temporary.path()).join(name);
        let bytes = download(&api.downloader(), output, File::create(&path).await?).await?;
        println!("downloaded: {name}, {bytes} bytes");
    }
    check(&emulator, outputs.len())
}

/// The picture is read from its file while it is sent, and never held as a whole.
async fn upload(client: &Client, picture: &Path) -> Result<String, BoxError> {
    let node = json!({ "class_type": "LoadImage", "inputs": { "image": "$file(photo)" } });
    let graph = Part::bytes(json!({ "1": node }).to_string())
        .file_name("graph.json")
        .content_type("application/json");
    let bar = bar("uploading", PICTURE)?;
    let moved = bar.clone();
    let picture = Part::file(picture)
        .await?
        .content_type("image/png")
        .on_progress(move |bytes| moved.inc(bytes));
    let form = Multipart::new()
        .text("name", "Sunset")
        .part("workflow_json", graph)
        .part("$photo", picture);

    let call = client.post("/v1/workflow").multipart(form);
    let workflow: Workflow = call.send().await?.json().await?;
    bar.finish_and_clear();
    println!("uploaded: {} bytes", bar.position());
    Ok(workflow.id)
}

async fn follow(api: &Api, id: &str) -> Result<Vec<Output>, BoxError> {
    // How far a run is within a state, the API does not say.
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut updates = api.subscribe(id);
    let mut outputs = Vec::new();
    while let Some(update) = updates.try_next().await? {
        bar.suspend(|| println!("{update}"));
        bar.set_message(update.to_string());
        // One that has failed, was cancelled or is not valid is an error.
        outputs = update.error_for_status()?.outputs;
    }
    bar.finish_and_clear();
    Ok(outputs)
}

/// The last part of the URL's path, which must not lead out of a directory.
fn file_name(output: &Output) -> Option<&str> {
    let path = output.src.split('?').next()?;
    Path::new(path).file_name()?.to_str()
}

/// The signed URL is on another host, and is all it takes.
async fn download(from: &Downloader, output: &Output, mut to: File) -> Result<u64, BoxError> {
    let response = from.get(&output.src).send().await?;
    let bar = bar("downloading", response.content_length().unwrap_or(0))?;
    let mut pieces = response.into_stream();
    while let Some(piece) = pieces.try_next().await? {
        to.write_all(&piece).await?;
        bar.inc(piece.len() as u64);
    }
    to.flush().await?;
    bar.finish_and_clear();
    Ok(bar.position())
}

/// What the server has seen of all that.
fn check(emulator: &Emulator, outputs: usize) -> Result<(), BoxError> {
    let is_storage = |head: &CapturedRequest| head.listener() == Listener::Storage;
    let (storage, rest): (Vec<_>, Vec<_>) = emulator
        .captured_requests()
        .into_iter()
        .partition(is_storage);
    let has_token = |head: &&CapturedRequest| head.headers().contains_key(AUTHORIZATION);
    let with_token = |heads: &[CapturedRequest]| heads.iter().filter(has_token).count();
    let is_stream = |head: &&CapturedRequest| head.uri().path().ends_with("/subscribe");
    let streams = rest.iter().filter(is_stream).count();

    println!("event streams opened: {streams}");
    for (host, heads) in [("API", &rest), ("storage", &storage)] {
        let (sent, with_token) = (heads.len(), with_token(heads));
        println!("{host}: {sent} requests, {with_token} of them with the token");
    }
    assert!(streams > 1, "the server closes the first one early");
    assert!(outputs > 0 && outputs == storage.len());
    assert_eq!((with_token(&rest), with_token(&storage)), (rest.len(), 0));
    Ok(())
}

fn bar(what: &'static str, length: u64) -> Result<ProgressBar, BoxError> {
    let style = ProgressStyle::with_template("{msg:12} {bar:40} {percent}%")?;
    Ok(ProgressBar::new(length)
        .with_style(style)
        .with_message(what))
}
