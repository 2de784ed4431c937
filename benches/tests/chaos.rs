//! The program that breaks everything, for a few seconds.

use std::process::Command;

#[test]
#[ignore = "it judges what has a time of its own: the step `chaos` of `.ci/run` runs it alone"]
fn a_few_seconds_of_chaos_break_no_promise() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    command.args(["--minutes", "0.05", "--seed", "7"]);
    let output = command.output().expect("it runs");
    let (told, failed) = (output.stdout, output.stderr);
    let [told, failed] = [told, failed].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{told}{failed}");
}
