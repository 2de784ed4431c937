use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::support::{Ran, interrupt, program, signal};

#[test]
fn it_prints_where_it_listens_and_its_tokens_and_ends_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let path = ca.to_str().unwrap();
    let arguments = [
        "emulator", "--for", "0", "--token", "a", "--token", "b=60", "--ca", path,
    ];
    let output = program(&arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(lines[0][1].starts_with("http://127.0.0.1:"));
    assert!(lines[1][1].starts_with("https://localhost:"));
    assert!(lines[2][1].starts_with("http://127.0.0.1:"));
    assert_eq!(lines[4][..2], ["token", "a"]);
    assert!(lines[4][2].starts_with("cfc_FAKE"));
    assert_eq!(lines[5][..2], ["token", "b"]);
    assert_eq!(text.lines().last(), Some("0 requests, 0 of them throttled"));
    let pem = std::fs::read_to_string(ca).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn wrong_arguments_are_named() {
    for (arguments, complaint) in [
        (&["--limit", "0"][..], "at least one request"),
        (&["--token", "a=soon"], "`soon` is no number of seconds"),
        (&["--token", "=5"], "a token needs a name"),
        (&["--ca", "/nowhere/ca.pem"], "cannot write /nowhere/ca.pem"),
        (&["--algorithm", "odd"], "sliding-log"),
        (&["--fault", "odd"], "reset-in-body"),
        (&["--fault", "reset=2"], "a number from 0 to 1"),
        (&["--run-time", "soon"], "a number of seconds"),
    ] {
        let output = program(&[&["emulator", "--for", "0"], arguments].concat())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(text.contains(complaint), "{text}");
    }
}

/// One program asks the other, by TLS, until it is interrupted.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_a_line_and_an_interrupt_prints_the_totals() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let mut emulator = program(&[
        "emulator",
        "--for",
        "60",
        "--ca",
        ca,
        "--fault",
        "unavailable=0",
    ])
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(emulator.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut next = || tokio::task::block_in_place(|| lines.next().expect("a line"));
    let (_http, https, _storage, _ca, token) = (next(), next(), next(), next(), next());
    let last = |line: &str| line.split_whitespace().last().unwrap().to_owned();

    let mut whoami = program(&["whoami", "--ca", ca, "--base-url", &last(&https)]);
    whoami.env("COMFYCONTROL_TOKEN", last(&token));
    Ran::of(whoami).printed();
    assert_eq!(next(), "200  GET     /v1/user");

    interrupt(emulator.id());
    assert_eq!(next(), "1 requests, 0 of them throttled");
    assert!(emulator.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (_, port) = address.rsplit_once(':').unwrap();
    for which in ["--http-port", "--https-port", "--storage-port"] {
        let ran = Ran::of(program(&["emulator", "--for", "0", which, port]));
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.err.contains(&address), "{ran:?}");
    }
}

#[test]
fn what_asks_it_to_end_gets_its_totals_as_an_interrupt_does() {
    let mut emulator = program(&["emulator", "--for", "60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(emulator.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("token ")));
    signal("-TERM", emulator.id());
    let totals = "0 requests, 0 of them throttled";
    assert_eq!(lines.last().as_deref(), Some(totals));
    assert!(emulator.wait().unwrap().success());
}
