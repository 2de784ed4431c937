//! What is logged of a response that says that nothing has changed. Alone in its process: others that
//! meet the same callsites at the same time would decide for it whether they are of interest.

#[path = "support/emulated.rs"]
mod emulated;

use comfycontrol_api::{Conditional, Validators};
use comfycontrol_emulator::Emulator;
use comfycontrol_test::{Log, SECOND};

#[tokio::test]
async fn what_has_not_changed_is_logged_as_no_failure() {
    let log = Log::default();
    log.capture_all();
    let api = Emulator::builder().start().await.unwrap();
    let builder = emulated::builder(&api, "cfc_conditional00conditional00");
    let client = builder.timeout(30 * SECOND).build().unwrap();
    let first = client.get("/v1/user").send().await.unwrap();
    let known = Validators::of(first.headers());
    let before = log.text().len();
    Conditional::send(client.get("/v1/user"), &known)
        .await
        .unwrap();
    let text = &log.text()[before..];
    assert!(text.contains("comfycontrol.call"), "{text}");
    assert!(
        !text.contains("error.type") && !text.contains("comfycontrol::trace: failed"),
        "{text}"
    );
}
