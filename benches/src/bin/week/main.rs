//! A week of a client's life in minutes: the whole stack on a paused clock, before the emulator's
//! edge in memory. Nights are idle; days have bursts, crowds, cooldowns, new tokens and new quotas,
//! and callers that give up. After each day the counters must agree with what was seen from below,
//! and memory must be what it was.

mod counters;
mod fixture;
mod traffic;

use std::process::ExitCode;

use clap::Parser;

use self::fixture::Fixture;

/// Lives through a week, and counts.
#[derive(Clone, Debug, Parser)]
#[command(name = "week")]
struct Options {
    /// How many hours, from a midnight on
    #[arg(long, default_value_t = 7 * 24)]
    hours: u64,

    /// What everything that looks random follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What a day may leave behind: tables that have grown to a size they had not before.
const KEPT: i64 = 64 * 1024;

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = comfycontrol_test::paused();
    let fixture = runtime.block_on(async { Fixture::new(options.seed) });
    println!("| day | calls | requests | 429s by the limit | made up | given up | bytes kept |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let mut faults = Vec::new();
    for day in 0..options.hours.div_ceil(24) {
        let hours = (options.hours - day * 24).min(24);
        let mut seen = None;
        let memory = allocation_counter::measure(|| {
            seen = Some(runtime.block_on(traffic::day(&fixture, day, hours)));
        });
        let seen = seen.expect("a day ends");
        let kept = memory.bytes_current;
        println!(
            "| {} | {} | {} | {} | {} | {} | {kept} |",
            day + 1,
            seen.calls,
            seen.requests,
            seen.refused,
            seen.made_up,
            seen.given_up
        );
        faults.extend(seen.faults);
        // The first makes what all need.
        if day > 0 && kept > KEPT {
            faults.push(format!("day {}: {kept} bytes are kept", day + 1));
        }
    }
    for fault in &faults {
        println!("FAULT: {fault}");
    }
    match faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
