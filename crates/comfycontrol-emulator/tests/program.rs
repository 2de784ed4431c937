//! The program, as it is run from a shell.

use std::process::{Command, Output};

#[test]
fn it_prints_where_it_listens_and_its_tokens_and_ends_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let output = run(&[
        "--for",
        "0",
        "--token",
        "a",
        "--token",
        "b=60",
        "--ca",
        ca.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{output:?}");

    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert!(lines[0][1].starts_with("http://127.0.0.1:"));
    assert!(lines[1][1].starts_with("https://localhost:"));
    assert!(lines[2][1].starts_with("http://127.0.0.1:"));
    assert_eq!(lines[4][..2], ["token", "a"]);
    assert!(lines[4][2].starts_with("cfc_EMULATED"));
    assert_eq!(lines[5][..2], ["token", "b"]);
    assert!(
        std::fs::read_to_string(ca)
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
}

#[test]
fn wrong_arguments_are_named() {
    for (arguments, complaint) in [
        (&["--limit", "0"][..], "at least one request"),
        (&["--token", "a=soon"], "`soon` is no number of seconds"),
        (&["--token", "=5"], "a token needs a name"),
        (&["--ca", "/nowhere/ca.pem"], "cannot write /nowhere/ca.pem"),
        (&["--algorithm", "odd"], "sliding-log"),
    ] {
        let output = run(&[arguments, &["--for", "0"]].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(text.contains(complaint), "{text}");
    }
}

// === support ===

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_comfycontrol-emulator");
    Command::new(program).args(arguments).output().unwrap()
}
