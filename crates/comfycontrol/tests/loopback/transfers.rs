//! Uploads, downloads, and what is followed between the two.

use std::time::Duration;

use comfycontrol::workflow::Status;
use comfycontrol::{Body, Multipart, Part, TransportErrorKind};
use comfycontrol_emulator::{Emulator, Listener};
use futures_util::TryStreamExt;
use serde_json::Value;

use super::support::builder;

#[tokio::test]
async fn a_workflow_is_uploaded_followed_and_fetched() {
    let emulator = Emulator::builder()
        .run_time(Duration::from_millis(1_500))
        .sse_interval(Duration::from_millis(100))
        .sse_updates(3)
        .start()
        .await
        .unwrap();
    let client = builder(&emulator).no_limit().build().unwrap();

    let form = Multipart::new()
        .text("name", "Sunset")
        .text("$prompt", "a \"sunset\"")
        .part(
            "workflow_json",
            Part::bytes("{}")
                .file_name("graph.json")
                .content_type("application/json"),
        );
    let run: Value = client
        .post("/v1/workflow")
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let updates: Vec<_> = client
        .subscribe(run["id"].as_str().unwrap())
        .try_collect()
        .await
        .unwrap();

    // The server closed after each third update; the stream went on, without saying things twice.
    let opened = emulator
        .captured_requests()
        .iter()
        .filter(|seen| seen.uri().path().ends_with("/subscribe"))
        .count();
    assert!(opened > 1, "{opened}");
    assert!(updates.windows(2).all(|pair| pair[0] != pair[1]));
    let last = updates.last().unwrap();
    assert_eq!(last.status, Status::Completed);
    assert!(
        updates[..updates.len() - 1]
            .iter()
            .all(|update| !update.status.is_terminal())
    );

    let file = client
        .downloader()
        .get(&last.outputs[0].src)
        .send()
        .await
        .unwrap();
    let pieces: Vec<_> = file.into_stream().try_collect().await.unwrap();
    assert!(pieces.iter().map(bytes::Bytes::len).sum::<usize>() > 0);
    let stored = emulator
        .captured_requests()
        .into_iter()
        .find(|seen| seen.listener() == Listener::Storage)
        .unwrap();
    assert!(stored.headers().get("authorization").is_none());
}

#[tokio::test]
async fn an_upload_is_streamed_from_a_file_with_its_length() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &vec![b'x'; 300_000]).unwrap();

    let form = Multipart::new()
        .text("name", "big")
        .part("workflow_json", Part::bytes("{}").file_name("graph.json"))
        .part("$input", Part::file(file.path()).await.unwrap());
    client
        .post("/v1/workflow")
        .multipart(form)
        .send()
        .await
        .unwrap();
    let seen = emulator.captured_requests();
    let length: u64 = seen[0].headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(length > 300_000);
}

#[tokio::test]
async fn a_body_that_lies_about_its_length_fails() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = builder(&emulator).build().unwrap();
    let short = Body::replayable(Some(10), || http_body_util::Full::new("four".into()));
    let failed = client
        .post("/v1/user")
        .body(short)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        failed.as_transport().unwrap().kind(),
        TransportErrorKind::RequestBody
    );
    assert!(!failed.is_retryable());
}
