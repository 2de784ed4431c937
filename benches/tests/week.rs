//! The first hours of the week: a night, and then some hundreds of calls an hour.

use std::process::Command;

#[test]
fn the_first_hours_of_a_week_meet_no_429_and_are_counted_to_the_last_unit() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_week"));
    let output = command.args(["--hours", "7"]).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("| 1 |"), "{told}");
}
