//! A process that is stopped for a while, and goes on where it was.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol_test::once_more;
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider, file};
use http::{Request, Response};
use tokio::time::{sleep, timeout};
use tower::{BoxError, ServiceBuilder, ServiceExt};

#[tokio::test]
async fn a_process_that_was_stopped_reads_its_file_again_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "cfc_before").unwrap();

    let mut child = Running(
        once_more("sends_until_the_token_changes")
            .env(TOKEN_FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut wait_for = move |wanted: &'static str| {
        let found = lines.by_ref().any(|line| line.unwrap().contains(wanted));
        assert!(found, "the child ended before it said {wanted:?}");
    };
    wait_for("with cfc_before");

    child.signal("STOP");
    std::fs::write(&path, "cfc_after").unwrap();
    sleep(Duration::from_millis(2_500)).await;
    child.signal("CONT");

    let went_on = tokio::task::spawn_blocking(move || wait_for("with cfc_after"));
    let went_on = timeout(Duration::from_secs(20), went_on).await;
    // Ends the reader as well, if it still waits.
    drop(child);
    went_on.expect("the child hangs").unwrap();
}

/// What the child runs; does nothing in an ordinary test run.
#[tokio::test]
async fn sends_until_the_token_changes() {
    let Some(path) = std::env::var_os(TOKEN_FILE) else {
        return;
    };
    let origin = Origin::parse("https://api.comfycontrol.app").unwrap();
    let service = ServiceBuilder::new()
        .layer(AddTokenLayer::new(origin, TokenProvider::from(file(path))))
        .service_fn(|request: Request<()>| async move {
            let token = request.headers()["authorization"].to_str().unwrap();
            println!("with {}", token.trim_start_matches("Bearer "));
            Ok::<_, BoxError>(Response::new(()))
        });
    for _ in 0..300 {
        let request = Request::get("https://api.comfycontrol.app/")
            .body(())
            .unwrap();
        service.clone().oneshot(request).await.unwrap();
        sleep(Duration::from_millis(50)).await;
    }
}

// === support ===

const TOKEN_FILE: &str = "PAUSES_TOKEN_FILE";

/// The child, ended with the test.
struct Running(Child);

impl Running {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([format!("-{signal}"), self.0.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
