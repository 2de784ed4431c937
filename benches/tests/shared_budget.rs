//! A few seconds of real processes that share a budget: the server refuses none. The longer runs,
//! with their shares and throughput, are the program's own.

use std::process::Command;

fn run(args: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shared-budget"));
    let output = command
        .args(["--seconds", "5", "--window", "1000"])
        .args(args);
    let output = output.output().expect("the program");
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}");
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("over file"), "{printed}");
}

#[test]
fn processes_that_share_a_budget_are_refused_nothing() {
    run(&["--processes", "4"]);
}

#[test]
fn processes_that_are_killed_are_refused_nothing() {
    run(&["--processes", "4", "--kill"]);
}
