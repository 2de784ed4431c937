//! The program that breaks everything, for a few seconds.

use std::process::Command;

#[test]
fn a_few_seconds_of_chaos_break_no_promise() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    command.args(["--minutes", "0.05", "--seed", "7"]);
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
}
