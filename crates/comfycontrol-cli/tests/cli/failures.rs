use std::process::Stdio;
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Limit, Shape};
use http::StatusCode;
use serde_json::Value;

use crate::support::{Account, Ran, interrupt, program};

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_failure_has_its_exit_code_and_one_line() {
    let account = Account::open().await;
    let url = account.emulator.http_url();
    let with_token = |token: &str, arguments: &[&str]| {
        let mut command = program(arguments);
        command
            .env("COMFYCONTROL_TOKEN", token)
            .args(["--base-url", &url]);
        Ran::of(command)
    };
    let cases = [
        (
            Ran::of(program(&["whoami"])),
            3,
            "no token: set COMFYCONTROL_TOKEN, or give --token-file PATH\n",
        ),
        (with_token("secret", &["whoami"]), 3, "token is not valid"),
        (with_token("cfc_unknown", &["whoami"]), 4, "401"),
        (account.run(&["get", "/v1/nothing"]), 5, "404"),
        (account.run(&["get", "/v1/../user"]), 3, "error: "),
        (
            account.run(&["get", "user"]),
            3,
            "error: user: a path begins with `/`, such as /v1/user\n",
        ),
        (
            account.run(&["get", "https://a.example/v1/user"]),
            3,
            "error: the URL is not of this API: the token is sent nowhere else",
        ),
        (
            account.run(&["cancel", "00000000-0000-0000-0000-000000000000"]),
            5,
            "404",
        ),
        (
            account.run(&["post", "/v1/runner", "-d", "@/nowhere/x.json"]),
            3,
            "/nowhere/x.json",
        ),
        (
            account.run(&["whoami", "--ca", "/nowhere/ca.pem"]),
            3,
            "/nowhere/ca.pem",
        ),
        (
            account.run(&["whoami", "--token-file", "/nowhere/token"]),
            3,
            "/nowhere/token",
        ),
    ];
    for (ran, code, says) in cases {
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(says),
            "{ran:?}"
        );
        assert_eq!(
            (ran.err.lines().count(), ran.out.as_str()),
            (1, ""),
            "{ran:?}"
        );
        assert!(
            !ran.err.contains("secret") && !ran.err.contains(&account.token),
            "{ran:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_as_json_says_all_that_is_known() {
    let unavailable = Fault::Respond(Shape::Api(StatusCode::CONFLICT, "busy".to_owned()));
    let rule = FaultRule::next(1, unavailable);
    let account = Account::of(Emulator::builder().fault(rule)).await;
    let ran = account.run(&["--json", "post", "/v1/runner", "-d", "{}"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    let told: Value = serde_json::from_str(&ran.err).unwrap();
    let error = &told["error"];
    assert_eq!(error["kind"], "api");
    assert_eq!(error["status"], 409);
    assert_eq!(
        (&error["sent"], &error["applied"]),
        (&"yes".into(), &"maybe".into())
    );
    assert_eq!(error["exit_code"], 1);
    assert!(
        error["message"].as_str().unwrap().contains("busy"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_listens_is_no_response_and_time_that_is_over_too() {
    // No test is given that port.
    let gone = "http://127.0.0.1:1";
    let mut command = program(&["whoami", "--base-url", gone, "--timeout", "1"]);
    command.env("COMFYCONTROL_TOKEN", "cfc_some0token");
    assert_eq!(Ran::of(command).code, Some(7));

    let slow = FaultRule::next(1, Fault::Delay(Duration::from_secs(30)));
    let account = Account::of(Emulator::builder().fault(slow)).await;
    assert_eq!(account.run(&["whoami", "--timeout", "1"]).code, Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_cannot_be_met_in_time_has_a_code_of_its_own() {
    let limit = Limit::new(1, Duration::from_secs(60)).unwrap();
    let account = Account::of(Emulator::builder().limit(limit)).await;
    account.run(&["whoami"]).printed();
    let ran = account.run(&["whoami", "--timeout", "2"]);
    assert_eq!(ran.code, Some(6), "{ran:?}");
}

#[test]
fn wrong_arguments_are_told_before_anything_is_done() {
    for arguments in [
        &["whoami", "--odd"][..],
        &["get"],
        &["get", "/v1/user", "-q", "=x"],
        &["post", "/v1/runner", "-d", "{}", "-F", "a=b"],
        &["nothing"],
    ] {
        let output = program(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_names_the_exit_codes_and_completions_are_scripts() {
    let output = program(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(
        help.contains("Exit codes:") && help.contains("130  interrupted"),
        "{help}"
    );
    assert!(
        help.lines().all(|line| line.chars().count() <= 100),
        "{help}"
    );
    for shell in ["bash", "zsh", "fish"] {
        let output = program(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            script.contains("comfycontrol") && script.contains("whoami"),
            "{shell}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_reads_what_went_wrong_changes_nothing() {
    let mut child = program(&["whoami"]).stderr(Stdio::piped()).spawn().unwrap();
    // The pipe is closed before anything is told.
    drop(child.stderr.take());
    let status = tokio::task::block_in_place(|| child.wait()).unwrap();
    assert_eq!(status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_a_command_that_reads_what_never_comes() {
    let account = Account::open().await;
    let mut child = account
        .command(&["post", "/v1/runner", "-d", "@-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    // It has begun to read when it has taken what is there.
    let mut told = String::new();
    for _ in 0..200 {
        tokio::task::block_in_place(|| interrupt(child.id()));
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Some(status) = child.try_wait().unwrap() {
            std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut told).unwrap();
            // Before there is a handler the signal itself ends it.
            assert!(
                matches!(status.code(), Some(130) | None),
                "{status:?} {told}"
            );
            drop(input);
            return;
        }
    }
    child.kill().unwrap();
    panic!("it goes on: {told}");
}

#[test]
fn wrong_arguments_are_told_as_json_where_that_is_asked_for() {
    let output = program(&["--json", "get"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(
        told["error"]["message"]
            .as_str()
            .unwrap()
            .contains("<PATH>"),
        "{told}"
    );
}
