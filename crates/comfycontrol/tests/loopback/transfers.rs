//! Uploads.

use comfycontrol::{Body, Multipart, Part, TransportError, TransportErrorKind};
use comfycontrol_emulator::Emulator;

use super::support::builder;

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
        failed.as_cause::<TransportError>().unwrap().kind(),
        TransportErrorKind::RequestBody
    );
    assert!(!failed.is_retryable());
}
