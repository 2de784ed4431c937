//! What a person reads who has never seen the program.

use std::io::Write as _;
use std::process::Stdio;

use comfycontrol_emulator::Emulator;
use serde_json::Value;

use crate::support::{Account, Ran, program};

const COMMANDS: [&str; 13] = [
    "whoami",
    "runners",
    "workflows",
    "run",
    "batch",
    "save",
    "cancel",
    "get",
    "post",
    "doctor",
    "emulator",
    "gateway",
    "completions",
];

fn help(command: &str, columns: &str) -> String {
    let mut asked = program(&[command, "-h"]);
    asked.env("COLUMNS", columns);
    Ran::of(asked).printed()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_help_has_the_command_s_own_options_first_and_says_what_each_is() {
    for command in COMMANDS {
        let help = help(command, "100");
        let (own, all) = help.split_once("\nFor all commands:\n").expect(command);
        for option in [
            "--json",
            "--token-file",
            "--base-url",
            "--budget",
            "--quota",
            "--timeout",
        ] {
            assert!(!own.contains(&format!("      {option}")), "{help}");
            assert!(all.contains(&format!("      {option}")), "{help}");
        }
        for line in own.lines().filter(|line| line.starts_with("  ")) {
            let is_bare = line.trim_start().starts_with('<') && !line.trim().contains(' ');
            assert!(!is_bare, "{line}");
        }
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
        assert!(!help.contains(r"\\t"), "{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_of_a_narrow_terminal_says_the_same() {
    let words = |columns| {
        let help = help("batch", columns);
        help.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words("40"), words("100"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_wrongly_is_told_in_plain_words() {
    for (arguments, told) in [
        (
            &["whoami", "--timeout", "x"][..],
            "'--timeout <SECONDS>': write a whole number",
        ),
        (&["runners", "-n", "-1"], "'-1'"),
        (
            &["runners", "-n", "many"],
            "'--limit <COUNT>': write a whole number",
        ),
        (
            &["run", "g.json", "-p", "a"],
            "'--param <NAME=VALUE>': write NAME=VALUE",
        ),
        (
            &["batch", "g", "t", "-o", "o", "-j", "0"],
            "write a number from 1 to 1000",
        ),
        (
            &["batch", "g", "t", "-o", "o", "--delimiter", "ab"],
            "write one character",
        ),
    ] {
        let ran = Ran::of(program(arguments));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(told), "{ran:?}");
    }
    let ran = Ran::of(program(&["--json", "run"]));
    let told: Value = serde_json::from_str(&ran.err).unwrap();
    let message = "the following required arguments were not provided: <GRAPH>";
    assert_eq!(told["error"]["message"], message);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_graph_is_told_before_anything_is_sent_with_the_way_out() {
    let account = Account::of(Emulator::builder()).await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("t.csv"), "prompt\na\n").unwrap();
    for (graph, told) in [
        (
            r#"{"nodes": [], "links": []}"#,
            "g.json: it is saved in ComfyUI's own format, which the API does not run; in ComfyUI, \
             export it by `Export (API)`\n",
        ),
        (
            "{",
            "g.json: it is no JSON: EOF while parsing an object at line 1 column 1\n",
        ),
    ] {
        std::fs::write(directory.path().join("g.json"), graph).unwrap();
        for command in [
            &["run", "g.json"][..],
            &["batch", "g.json", "t.csv", "-o", "o"],
        ] {
            let mut command = account.command(command);
            command.current_dir(&directory);
            let ran = Ran::of(command);
            assert_eq!((ran.code, ran.err), (Some(3), format!("error: {told}")));
        }
    }
    assert_eq!(account.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_may_come_from_standard_input() {
    let account = Account::of(Emulator::builder().run_time(std::time::Duration::ZERO)).await;
    let mut command = account.command(&["run", "-", "-p", "prompt=a moon"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let graph = br#"{"6": {"inputs": {"text": "$text(prompt)"}}}"#;
    child.stdin.take().unwrap().write_all(graph).unwrap();
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let runs = account.run(&["workflows", "--json"]).lines();
    let name = runs[0]["name"].as_str().unwrap();
    assert!(name.starts_with("graph ["), "{name}");
}
