//! Runs each example as it is built, and reads what it says.

use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

#[tokio::test]
async fn quickstart_keeps_within_the_limit() {
    succeeds(
        "quickstart",
        &[
            "answered: 60 of 60 in ",
            "spoken: HTTP/2.0",
            "missing token: 401 Unauthorized: Missing authorization header",
            "invalid token: 401 Unauthorized: Invalid token",
            "expired token: 401 Unauthorized: Token has expired",
            "\n429s: 0\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn quickstart_without_the_limiter_is_throttled() {
    succeeds(
        "quickstart --no-limit",
        &[
            "answered: 40 of 60\n",
            "429s: 20\n",
            "one more, alone: 429 Too Many Requests",
            "(retry after 10s",
        ],
    )
    .await;
}

#[tokio::test]
async fn quickstart_says_what_to_do_without_a_token() {
    let ran = run("quickstart --live", &[]).await;
    assert_eq!(ran.status.code(), Some(1));
    says(&ran.stderr, &["no token: set COMFYCONTROL_TOKEN"]);
}

#[tokio::test]
async fn quickstart_says_what_to_do_without_a_network() {
    // A proxy where nothing listens stands for a network that is not there.
    let settings = [
        ("COMFYCONTROL_TOKEN", "cfc_FAKE"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ];
    let ran = run("quickstart --live", &settings).await;
    assert_eq!(ran.status.code(), Some(1));
    says(&ran.stdout, &["GET https://api.comfycontrol.app/v1/user"]);
    says(&ran.stderr, &["proxy did not open a tunnel"]);
}

#[tokio::test]
async fn an_unknown_argument_brings_the_usage() {
    for command in ["quickstart --fast", "quickstart --no-limit --live"] {
        let ran = run(command, &[]).await;
        assert_eq!(ran.status.code(), Some(2), "{command}");
        says(&ran.stderr, &["usage: ", "--no-limit", "--live"]);
    }
    for command in ["bulk --all", "bulk --run", "bulk 60"] {
        let ran = run(command, &[]).await;
        assert_eq!(ran.status.code(), Some(1), "{command}");
        says(&ran.stderr, &["usage: "]);
    }
}

#[tokio::test]
async fn own_stack_tells_errors_apart() {
    succeeds(
        "own_stack",
        &[
            "boxed: GET /v1/user -> 200 OK over HTTP/2.0",
            "boxed: GET /v1/nothing -> 404 Not Found",
            "typed: request not sent: its uri has no scheme and host",
            "typed: no response: plain http goes to this machine only",
            "typed: the API says NotFound: 404 Not Found",
            "typed: success\ntyped: sent 2 times, past a bad gateway\n",
            "typed: not sent to keep within the rate limit",
            "429s: 0\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn own_transport_plays_back_what_it_recorded() {
    succeeds(
        "own_transport",
        &[
            "recording\n  GET /v1/runner?per_page=1&page=1 -> ",
            "  GET /v1/nothing -> 404 Not Found",
            "playing back, with the API gone\n  GET /v1/runner?per_page=1&page=1 -> ",
            "GET /v1/user was not recorded",
        ],
    )
    .await;
}

#[tokio::test]
async fn axum_gateway_bounds_its_queue() {
    succeeds(
        "axum_gateway",
        &[
            "404 Not Found: requested entity not found (ray ",
            "POST /v1/runner -> 201 Created\n",
            "first program: ",
            "second program: ",
            "503 Service Unavailable: not sent to keep within the rate limit: too many calls wait",
            "(retry after 1",
            "429s: 0\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn rotate_token_fails_no_request() {
    succeeds(
        "rotate_token",
        &[
            "by expiry: ",
            "by file: ",
            "by hand: ",
            ", failed: 0, sent again with the next token: ",
            "first use",
            "\nfirst ",
            "\nfourth ",
        ],
    )
    .await;
}

#[tokio::test]
async fn run_workflow_is_paid_once_and_saves_whole_files() {
    succeeds(
        "run_workflow",
        &[
            "looking for the run: it may have been started\n",
            "\nstarted, found in the list\n",
            "\nrunning (place 1)\n",
            "\ncompleted\n",
            "image001.png, 1048576 bytes",
            "API: ",
            "storage: 8 requests, 0 of them with the token",
        ],
    )
    .await;
}

#[tokio::test]
async fn bulk_resumes_where_it_was() {
    succeeds(
        "bulk --run 60",
        &[
            "0 of 10000 done, the last in 00:41:",
            "stopped, and started again",
            "60 of 10000 done",
            "requests sent: 60, all different: true\n",
            "429s: 0\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn observe_shows_waits_and_a_cooldown() {
    succeeds(
        "observe",
        &[
            "call admitted after waiting for the rate limit",
            "the server throttled a request although we kept within the rate limit",
            "the cooldown is over",
            "# HELP comfycontrol_limiter_waited_total Waits for a slot.\n",
            "# TYPE comfycontrol_limiter_waited_total counter\n",
            "comfycontrol_limiter_cooldowns_total 1\n",
            "# TYPE comfycontrol_limiter_waiting gauge\n",
        ],
    )
    .await;
}

// === support ===

async fn succeeds(command: &str, lines: &[&str]) {
    let ran = run(command, &[]).await;
    assert!(ran.status.success(), "{command}: {ran:?}");
    says(&ran.stdout, lines);
}

/// Runs `command` with no terminal, for as long as the slowest may take.
async fn run(command: &str, settings: &[(&str, &str)]) -> Output {
    let mut words = command.split(' ');
    let name = words.next().expect("a command has a name");
    let child = Command::new(path(name))
        .args(words)
        .env_remove("COMFYCONTROL_TOKEN")
        .envs(settings.iter().copied())
        .kill_on_drop(true)
        .output();
    let ran = timeout(LIMIT, child)
        .await
        .expect("the example ends in time");
    let ran = ran.expect("`cargo test -p comfycontrol-examples` builds the examples");
    assert!(!shows_a_token(&ran.stdout) && !shows_a_token(&ran.stderr));
    ran
}

/// `target/<profile>/examples/<name>`, seen from `target/<profile>/deps/run-<hash>`.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("tests stand in `deps`");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    profile.join("examples").join(file)
}

fn says(output: &[u8], lines: &[&str]) {
    let output = String::from_utf8_lossy(output);
    for line in lines {
        assert!(output.contains(line), "{line:?} is missing in\n{output}");
    }
}

fn shows_a_token(output: &[u8]) -> bool {
    String::from_utf8_lossy(output).contains("cfc_FAKE")
}

const LIMIT: Duration = Duration::from_secs(40);
