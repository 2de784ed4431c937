//! Is it so fast that no program has a reason to go without it? All targets, in one run:
//! interleaved, on a pinned thread, medians.

mod allocations;
mod layers;
mod limiter;
mod table;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use comfycontrol_benches::measure::pin_to;

use self::table::Table;

/// Holds what is measured against what must be reached.
#[derive(Debug, Parser)]
#[command(name = "ratios")]
struct Options {
    /// Fail if anything is missed
    #[arg(long)]
    strict: bool,

    /// How many rounds the cases take turns for
    #[arg(long, default_value_t = 41)]
    rounds: usize,

    /// How long a turn takes, in milliseconds
    #[arg(long, default_value_t = 1)]
    turn: u64,

    /// Only this part; may be given several times
    #[arg(long)]
    only: Vec<Part>,
}

/// A part of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Part {
    Crates,
    Http,
    Layers,
    Limiter,
    Queue,
}

/// How thoroughly it is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: usize,
    turn: Duration,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let effort = Effort {
        rounds: options.rounds.max(1),
        turn: Duration::from_millis(options.turn.max(1)),
    };
    if !pin_to(0) {
        println!("threads are not pinned: this system cannot, so run it under its own tool\n");
    }
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let mut table = Table::default();
    if wanted(Part::Limiter) {
        limiter::run(effort, &mut table);
    }
    if wanted(Part::Layers) {
        layers::run(effort, &mut table);
    }
    if wanted(Part::Http) {
        work::http(effort, &mut table);
    }
    if wanted(Part::Crates) {
        work::crates(&mut table);
    }
    // Last, as tokio's clock costs more once it has been paused.
    if wanted(Part::Queue) {
        work::queue(effort, &mut table);
    }
    let missed = table.print();
    if options.strict && missed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
