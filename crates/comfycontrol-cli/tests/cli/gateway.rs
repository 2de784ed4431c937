mod clients;
mod hostile;
mod python;
mod running;
mod scripted;
mod sharing;
mod stopping;
mod token;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use comfycontrol_emulator::Emulator;
use serde_json::Value;

use self::running::{Gateway, gateway, tool};
use crate::support::{Account, Ran, program};

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_prints_a_line_for_each_call_and_ends_on_a_signal() {
    let arguments = ["gateway", "--emulate", "--listen", "127.0.0.1:0"];
    let mut running = Gateway::of(program(&arguments));
    let response = running.get("/v1/user?secret", "x-caller: ann\r\n");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    let line = running.line();
    assert!(
        line.starts_with("200  GET     /v1/user  ann  waited 0."),
        "{line}"
    );
    assert!(!line.contains("secret"), "{line}");
    // Its own pages are no calls.
    let page = running.get("/_/", "");
    assert!(
        page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<html"),
        "{page}"
    );
    let ready = running.get("/_/ready", "");
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n"), "{ready}");
    let metrics = running.get("/_/metrics", "");
    assert!(
        metrics.contains("comfycontrol_calls_total{class=\"success\"} 1\n")
            && !metrics.contains("cfc_"),
        "{metrics}"
    );
    running.terminate();
    assert_eq!(running.ended(), "1 calls, 0 of them cut off at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_lines_are_json_where_that_is_asked_for() {
    let arguments = ["gateway", "--emulate", "--listen", "127.0.0.1:0", "--json"];
    let mut child = program(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value {
        let line = tokio::task::block_in_place(|| lines.next())
            .unwrap()
            .unwrap();
        serde_json::from_str(&line).unwrap()
    };
    assert!(
        next()["upstream"]
            .as_str()
            .unwrap()
            .starts_with("https://localhost:")
    );
    let listening = next()["listening"].as_str().unwrap().to_owned();
    let place = listening.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(place).unwrap();
    stream
        .write_all(b"GET /_/nothing HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
        .unwrap();
    let line = next();
    assert_eq!(
        (&line["status"], &line["path"]),
        (&421.into(), &"/_/nothing".into())
    );
    Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert_eq!(next()["calls"], 1);
    assert!(
        tokio::task::block_in_place(|| child.wait())
            .unwrap()
            .success()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_in_the_file_needs_no_restart_and_none_is_shown() {
    let account = Account::of(Emulator::builder().limit(None)).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    fs::write(&path, &account.token).unwrap();
    let file = ["--token-file", path.to_str().unwrap()];
    let running = Gateway::of(gateway(&account, &file));
    assert!(running.get("/v1/user", "").starts_with("HTTP/1.1 200"));

    let next = account.emulator.tokens().create("next", None);
    fs::write(directory.path().join("new"), &next).unwrap();
    fs::rename(directory.path().join("new"), &path).unwrap();
    account.emulator.tokens().revoke("test");
    let response = running.get("/v1/user", "");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(!response.contains(&account.token) && !response.contains(&next));
    running.terminate();
    running.ended();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_do_is_said_before_it_listens() {
    let account = Account::of(Emulator::builder()).await;
    for (arguments, complaint) in [
        (
            &["--listen", "0.0.0.0:0"][..],
            "other machines can reach 0.0.0.0:0",
        ),
        (&["--caller-keys", "/nowhere"], "the file cannot be read"),
        (&["--token-command", "/nowhere/token"], "no usable token"),
        (&["--new-key", "a b"], "1 to 64 visible characters"),
    ] {
        let mut command = account.command(&["gateway"]);
        command.args(arguments);
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.err.contains(complaint), "{ran:?}");
    }
    let mut command = program(&["gateway"]);
    command.args(["--base-url", &account.emulator.http_url()]);
    assert_eq!(Ran::of(command).code, Some(3), "no token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_it_makes_lets_its_caller_in() {
    let account = Account::of(Emulator::builder().limit(None)).await;
    let made = Ran::of(program(&["gateway", "--new-key", "ann"])).printed();
    let (key, line) = made.split_once('\n').unwrap();
    let (key, line) = (
        key.trim_start_matches("key   "),
        line.trim_start_matches("line  "),
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    fs::write(&path, line).unwrap();
    let mut running = Gateway::of(gateway(
        &account,
        &["--caller-keys", path.to_str().unwrap()],
    ));
    assert!(running.get("/v1/user", "").starts_with("HTTP/1.1 401"));
    let shown = format!("authorization: Bearer {key}\r\n");
    assert!(running.get("/v1/user", &shown).starts_with("HTTP/1.1 200"));
    assert!(running.line().starts_with("401  GET     /v1/user  -"));
    assert!(running.line().starts_with("200  GET     /v1/user  ann"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn curl_calls_it_over_a_unix_socket() {
    let Some(mut curl) = tool("curl") else {
        return;
    };
    let account = Account::of(Emulator::builder().limit(None)).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.sock");
    let path = path.to_str().unwrap();
    let mut running = Gateway::of(account.command(&["gateway", "--unix", path]));
    curl.args(["-sS", "--unix-socket", path, "http://localhost/v1/user"]);
    let out = tokio::task::block_in_place(|| curl.output()).unwrap();
    let user: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(user["name"].is_string(), "{user}");
    let line = running.line();
    assert!(line.contains("  user "), "{line}");
    running.terminate();
    running.ended();
    assert!(!Path::new(path).exists());
}

#[test]
fn its_unit_is_one_that_systemd_takes() {
    let Some(mut analyze) = tool("systemd-analyze") else {
        return;
    };
    let unit = include_str!("../../systemd/comfycontrol-gateway.service");
    let unit = unit.replace(
        "/usr/local/bin/comfycontrol",
        env!("CARGO_BIN_EXE_comfycontrol"),
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("comfycontrol-gateway.service");
    fs::write(&path, unit).unwrap();
    let out = analyze
        .args(["verify", "--man=no"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    // Of the machine's own units it says other things.
    let ours: Vec<_> = said
        .lines()
        .filter(|line| line.contains("comfycontrol"))
        .collect();
    assert!(out.status.success() && ours.is_empty(), "{said}");
}
