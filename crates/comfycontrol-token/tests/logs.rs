//! What is logged: each event once, and no token. One test, since the subscriber is the process's.

use std::fs;
use std::time::{Duration, SystemTime};

use comfycontrol_test::{Log, SECOND, within};
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider, TokenSource, command, env, file};
use http::{Request, Response, StatusCode};
use tower::{BoxError, Layer, ServiceExt, service_fn};

#[tokio::test(start_paused = true)]
async fn each_event_is_told_once_and_no_token_ever() {
    let log = Log::default();
    log.capture_all();

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    fs::write(&path, "cfc_canary1").unwrap();
    open_to_others(&path);
    let provider = TokenProvider::from(file(&path).expiring_at(in_an_hour()));
    for content in ["cfc_canary1", "canary broken", "cfc_canary2", "cfc_canary2"] {
        fs::write(&path, content).unwrap();
        for status in [StatusCode::OK, StatusCode::UNAUTHORIZED] {
            ask(provider.clone(), status).await;
            tokio::time::sleep(SECOND).await;
        }
    }
    ask(env("cfc_canary").into(), StatusCode::OK).await;
    ask(command("echo", ["canary"]).into(), StatusCode::OK).await;

    let captured = log.clone();
    let log = log.text();
    for (event, times) in [
        ("the token file is open to other users", 1),
        ("the token expires soon", 2),
        ("another token is in use", 1),
        ("/token: the token does not start with", 1),
        (
            "could be read error=command echo: the token does not start with",
            1,
        ),
        (
            "could be read error=environment variable cfc_***: not there",
            1,
        ),
    ] {
        assert_eq!(log.matches(event).count(), times, "{event}\n{log}");
    }
    assert!(!log.contains("canary"), "{log}");
    // A token in a log would have been found.
    tracing::trace!("cfc_canary1");
    assert!(captured.text().contains("canary"));
}

// === support ===

async fn ask(provider: TokenProvider, status: StatusCode) {
    let server = service_fn(move |request: Request<()>| async move {
        tracing::trace!(?request, "sent");
        // What is read meanwhile lands first: the paused clock waits for it.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok::<_, BoxError>(Response::builder().status(status).body(()).unwrap())
    });
    let origin = Origin::parse("https://api.example").unwrap();
    let request = Request::get("https://api.example/").body(()).unwrap();
    let client = AddTokenLayer::new(origin, provider).layer(server);
    if let Err(error) = within(60 * SECOND, client.oneshot(request)).await {
        tracing::error!(%error, ?error, source = error.source(), "not sent");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an expiry is compared with the calendar"
)]
fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

#[cfg(unix)]
fn open_to_others(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[cfg(not(unix))]
fn open_to_others(_: &std::path::Path) {
    tracing::warn!("the token file is open to other users");
}
