//! One run of a workflow: a graph and a picture go up, and its outputs come to a directory.
//!
//! `cargo run --example run_workflow -- DIRECTORY` keeps them. On the way the response to the
//! upload is lost, and each download breaks off after every 300 KB: the run is found, and not paid
//! twice, and the files are whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use comfycontrol::Client;
use comfycontrol_api::{Api, NewWorkflow, RunProgress};
use comfycontrol_emulator::{CapturedRequest, Emulator, Ending, Fault, FaultRule, Listener};
use http::Method;
use http::header::AUTHORIZATION;
use indicatif::ProgressBar;
use tower::BoxError;

const GRAPH: &str = r#"{"1": {"class_type": "LoadImage", "inputs": {"image": "$file(photo)"}}}"#;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let temporary = tempfile::tempdir()?;
    let kept = std::env::args_os().nth(1).map(PathBuf::from);
    let pictures = kept.unwrap_or_else(|| temporary.path().join("pictures"));
    let (graph, photo) = files(temporary.path())?;
    let emulator = emulator().await?;
    let api = Api::new(client(&emulator)?);

    let sunset = NewWorkflow::from_file(graph)
        .await?
        .file_path("photo", photo);
    let outcome = api.run(sunset).on_progress(shown()).await?;
    for file in outcome.save(pictures).await? {
        println!("saved: {}, {} bytes", file.path.display(), file.length);
    }

    check(&emulator);
    Ok(())
}

/// A bar for the bytes that leave, and a line for each other step.
fn shown() -> impl Fn(&RunProgress) + Send + Sync {
    let bar = ProgressBar::new(0);
    move |step| match step {
        RunProgress::Uploading { sent, length } => {
            bar.set_length(length.unwrap_or(*sent));
            bar.set_position(*sent);
        }
        step => bar.suspend(|| println!("{step}")),
    }
}

fn files(directory: &Path) -> std::io::Result<(PathBuf, PathBuf)> {
    let (graph, photo) = (directory.join("sunset.json"), directory.join("photo.png"));
    std::fs::write(&graph, GRAPH)?;
    std::fs::File::create(&photo)?.set_len(8 * 1024 * 1024)?;
    Ok((graph, photo))
}

/// The API on this machine, on a bad day. For the real one, `Client::from_env()?` is all.
async fn emulator() -> std::io::Result<Emulator> {
    let ending = Ending::Close;
    let (after, at_once) = (300_000, Duration::ZERO);
    let lost = Fault::LoseResponse {
        after: at_once,
        ending,
    };
    let cut = Fault::EndInBody { after, ending };
    // The server closes each subscription after 5 updates, i.e. several times a run.
    let builder = Emulator::builder()
        .run_time(Duration::from_secs(4))
        .sse_interval(Duration::from_millis(200))
        .max_sse_events(5)
        .min_output_bytes(1024 * 1024)
        .fault(FaultRule::next(1, lost).method(Method::POST))
        .fault(FaultRule::chance(1.0, 1, cut).storage());
    builder.start().await
}

fn client(emulator: &Emulator) -> Result<Client, comfycontrol::Error> {
    Client::builder()
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .token(emulator.tokens().create("studio", None))
        .build()
}

/// What the server has seen of all that.
fn check(emulator: &Emulator) {
    let is_storage = |head: &CapturedRequest| head.listener() == Listener::Storage;
    let heads = emulator.captured_requests();
    let (storage, rest): (Vec<_>, Vec<_>) = heads.into_iter().partition(is_storage);
    let has_token = |head: &&CapturedRequest| head.headers().contains_key(AUTHORIZATION);
    for (host, heads) in [("API", &rest), ("storage", &storage)] {
        let (sent, with_token) = (heads.len(), heads.iter().filter(has_token).count());
        println!("{host}: {sent} requests, {with_token} of them with the token");
        assert_eq!(with_token, if host == "API" { sent } else { 0 });
    }
    let paid = rest.iter().filter(|head| head.method() == Method::POST);
    assert_eq!(paid.count(), 1, "a run is started once");
}
