//! What a command is given to read, and comes late or never.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{Account, interrupt};

const GRAPH: &str = r#"{"6": {"inputs": {"text": "$text(prompt)"}}}"#;

/// Its exit code and what it said, or nothing if it does not end by itself.
async fn end(mut child: Child) -> (Option<i32>, String) {
    for _ in 0..400 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It has ended, or never will.
    _ = child.kill();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn start(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_command_is_over_while_it_waits_for_what_it_reads() {
    let account = Account::open().await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("graph.json"), GRAPH).unwrap();
    let pipe = directory.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for arguments in [
        &["run", "-"][..],
        &["run", "pipe"],
        &["batch", "-", "pipe", "-o", "out"],
        &["batch", "graph.json", "pipe", "-o", "out"],
        &["post", "/v1/runner", "-d", "@-"],
        &["post", "/v1/runner", "-d", "@pipe"],
        &["whoami", "--ca", "pipe"],
    ] {
        let mut command = account.command(arguments);
        command
            .args(["--timeout", "1"])
            .current_dir(directory.path());
        let mut child = start(command);
        // What is written never ends.
        let writer = child.stdin.take();
        let told = "error: the time for the command is over\n".to_owned();
        assert_eq!(end(child).await, (Some(7), told), "{arguments:?}");
        drop(writer);
    }
    assert_eq!(account.emulator.edge().requests(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_a_command_that_waits_for_standard_input() {
    let account = Account::open().await;
    for arguments in [&["run", "-"][..], &["batch", "-", "t.csv", "-o", "out"]] {
        let mut child = start(account.command(arguments));
        let writer = child.stdin.take();
        for _ in 0..400 {
            if catches_interrupts(child.id()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::task::block_in_place(|| interrupt(child.id()));
        let told = "error: interrupted\n".to_owned();
        assert_eq!(end(child).await, (Some(130), told), "{arguments:?}");
        drop(writer);
    }
}

/// Before that, an interrupt kills it.
#[cfg(target_os = "linux")]
fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mut lines = status.lines();
    let caught = lines.find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    // The second of the signals.
    caught & 0b10 != 0
}
