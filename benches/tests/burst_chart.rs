//! The picture that is checked in.

use std::process::Command;

#[test]
fn the_chart_of_a_burst_is_what_its_command_draws() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_burst-chart"));
    let drawn = command.output().expect("the program runs").stdout;
    let drawn = String::from_utf8(drawn).expect("text");
    let checked_in = include_str!("../burst.svg");
    assert!(
        drawn == checked_in,
        "cargo run --release -p comfycontrol-benches --bin burst-chart > benches/burst.svg"
    );
    assert!(drawn.contains(">0 × 429, "));
}
